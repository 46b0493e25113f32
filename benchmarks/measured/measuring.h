/* What the programs of this folder share: the thread's CPU clock, medians, memory, children. */

#ifndef MEASURING_H
#define MEASURING_H

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES_PER_TABLE = 512, MOST_VALUES = 512 };
static const size_t TABLE_BYTES = (size_t)PAGE * PAGES_PER_TABLE;

static inline void must(int holds, const char *what) {
    if (!holds) {
        perror(what);
        _exit(1);
    }
}

/* Never inlined: the place of `now` on the stack could lie on another page for each call, shared since
 * a fork, and the second of two calls would then take a fault. */
static __attribute__((noinline)) double ns_by(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

/* What this thread has had of a core: what others take meanwhile does not count. */
static inline double cpu_ns(void) { return ns_by(CLOCK_THREAD_CPUTIME_ID); }

struct values {
    int count;
    double of[MOST_VALUES];
};

static inline void add(struct values *values, double value) {
    if (values->count < MOST_VALUES) values->of[values->count++] = value;
}

static int ascending(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static inline double median(struct values *values) {
    qsort(values->of, values->count, sizeof values->of[0], ascending);
    return values->of[values->count / 2];
}

/* Untouched private memory in small pages, from the beginning of a PTE table on. */
static inline char *tables_of_memory(size_t tables) {
    size_t bytes = tables * TABLE_BYTES;
    char *start = mmap(NULL, bytes + TABLE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(start != MAP_FAILED, "mmap");
    start = (char *)(((size_t)start + TABLE_BYTES - 1) / TABLE_BYTES * TABLE_BYTES);
    madvise(start, bytes, MADV_NOHUGEPAGE);
    return start;
}

/* A child that sleeps, so that all pages stay shared. */
static inline pid_t sleeping_child(void) {
    pid_t child = fork();
    must(child >= 0, "fork");
    while (!child) pause();
    return child;
}

static inline void end(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Call `measure` in a new process and read the numbers that it leaves in `numbers`. */
static inline void in_new_process(void (*measure)(double *numbers, int kind), double *numbers,
                                  int count, int kind) {
    int ends[2];
    must(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    must(child >= 0, "fork");
    if (!child) {
        measure(numbers, kind);
        ssize_t written = write(ends[1], numbers, count * sizeof *numbers);
        _exit(written < 0);
    }
    ssize_t got = read(ends[0], numbers, count * sizeof *numbers);
    must(got == (ssize_t)(count * sizeof *numbers), "read");
    close(ends[0]);
    close(ends[1]);
    waitpid(child, NULL, 0);
}

/* A fork whose child exits at once: what the call takes in the parent, and the child's exit (ns). */
static inline void fork_and_exit(double *fork_ns, double *exit_ns) {
    int ends[2];
    must(pipe(ends) == 0, "pipe");
    double before = cpu_ns();
    pid_t child = fork();
    if (!child) {
        double lived = cpu_ns();
        _exit(write(ends[1], &lived, sizeof lived) < 0);
    }
    *fork_ns = cpu_ns() - before;
    must(child >= 0, "fork");
    struct rusage usage;
    double lived;
    must(read(ends[0], &lived, sizeof lived) == sizeof lived, "read");
    wait4(child, NULL, 0, &usage);
    close(ends[0]);
    close(ends[1]);
    struct timeval user = usage.ru_utime, system = usage.ru_stime;
    *exit_ns = (user.tv_sec + system.tv_sec) * 1e9 + (user.tv_usec + system.tv_usec) * 1e3 - lived;
}

#endif
