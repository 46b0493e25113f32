/* Processes that end with their parent, on a CPU that they may use. */
#ifndef BENCH_PROCESSES_H
#define BENCH_PROCESSES_H

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static cpu_set_t allowed;

/* The CPU of an instance: the allowed ones in turn. Its number. */
static int pin(int instance)
{
    int chosen = 0, left = instance % CPU_COUNT(&allowed);
    while (!CPU_ISSET(chosen, &allowed) || left-- > 0)
        chosen++;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(chosen, &one);
    sched_setaffinity(0, sizeof one, &one);
    return chosen;
}

static void die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

static pid_t forked(void)
{
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    return child;
}

/* A child that keeps its memory until `release`. */
struct holder {
    pid_t child;
    int gate;
};

static struct holder hold(void)
{
    int ends[2];
    if (pipe(ends))
        fail("pipe");
    pid_t self = getpid(), child = forked();
    if (child == 0) {
        char byte;
        die_with(self);
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) != 0);
    }
    close(ends[0]);
    return (struct holder){child, ends[1]};
}

static void release(struct holder held)
{
    close(held.gate);
    waitpid(held.child, NULL, 0);
}

/* Waits for a child that must succeed. */
static void join(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        exit(1);
}

static void *shared_memory(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        fail("mmap");
    return at;
}

#endif
