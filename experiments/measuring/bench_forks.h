/* Forks whose children exit at once. */
#ifndef BENCH_FORKS_H
#define BENCH_FORKS_H

#include <pthread.h>
#include "bench_clocks.h"
#include "bench_memory.h"
#include "bench_processes.h"

/* The first write-protects, the others find that done, and cost far less than filling anew. */
#define FORKS_OF_A_MAPPING 4
#define FORK_WITH_UNMAP 1 /* in whose row unmapping stands */

struct measured_fork {
    int64_t start_ns, fork_ns, to_child_ns, teardown_ns, total_ns;
};

/* One fork whose child exits at once; `child_started` is memory shared with the child. */
static struct measured_fork measure_fork(volatile int64_t *child_started)
{
    struct measured_fork one;
    struct rusage used;
    one.start_ns = wall_ns();
    int64_t before = cpu_ns();
    pid_t child = fork();
    if (child == 0) {
        *child_started = wall_ns();
        _exit(0);
    }
    one.fork_ns = cpu_ns() - before;
    if (child < 0)
        fail("fork");
    if (wait4(child, NULL, 0, &used) != child)
        fail("wait4");
    one.total_ns = wall_ns() - one.start_ns;
    one.to_child_ns = *child_started - one.start_ns;
    one.teardown_ns = used_ns(&used);
    return one;
}

static void forks_of(const char *mode, size_t bytes, int instances, int instance, int repetitions,
                     int first, pthread_barrier_t *together)
{
    enum pages kind = !strcmp(mode, "thp")         ? PAGES_THP
                      : !strcmp(mode, "hugetlb")   ? PAGES_HUGETLB
                      : !strcmp(mode, "4k_sparse") ? PAGES_SPARSE
                                                   : PAGES_4K;
    volatile int64_t *child_started = shared_memory(SMALL);
    int cpu = pin(instance);
    for (int repetition = first; repetition < first + repetitions; repetition++) {
        struct measured_fork forks[FORKS_OF_A_MAPPING];
        struct area area = {0};
        int64_t touch_ns = 0, unmap_ns = 0;
        if (bytes) {
            size_t resident = resident_bytes();
            area = map_area(bytes, kind);
            touch_ns = cpu_ns();
            touch(area, kind == PAGES_4K ? SMALL : HUGE);
            touch_ns = cpu_ns() - touch_ns;
            if (kind == PAGES_THP)
                expect_huge(area, resident);
        }
        for (int turn = 0; turn < FORKS_OF_A_MAPPING; turn++) {
            if (together)
                pthread_barrier_wait(together);
            forks[turn] = measure_fork(child_started);
        }
        if (together)
            pthread_barrier_wait(together);
        if (bytes) {
            unmap_ns = cpu_ns();
            unmap_area(area);
            unmap_ns = cpu_ns() - unmap_ns;
        }
        for (int turn = 0; turn < FORKS_OF_A_MAPPING; turn++) {
            struct measured_fork *one = &forks[turn];
            printf("fork_micro,%s,%zu,%d,%d,%d,%d,%d,%lld,%lld,%lld,%lld,%lld,%lld,%lld\n", mode,
                   bytes, instances, instance, cpu, repetition, turn + 1, (long long)one->start_ns,
                   (long long)one->fork_ns, (long long)one->to_child_ns,
                   (long long)one->teardown_ns, (long long)one->total_ns,
                   (long long)(turn == 0 ? touch_ns : 0),
                   (long long)(turn == FORK_WITH_UNMAP ? unmap_ns : 0));
        }
    }
    fflush(stdout);
}

static void forks(const char *mode, size_t bytes, int instances, int repetitions, int first)
{
    if (instances == 1) {
        forks_of(mode, bytes, 1, 0, repetitions, first, NULL);
        return;
    }
    pthread_barrier_t *together = shared_memory(sizeof *together);
    pthread_barrierattr_t attributes;
    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(together, &attributes, (unsigned)instances);
    pid_t self = getpid();
    for (int instance = 0; instance < instances; instance++) {
        if (forked() == 0) {
            die_with(self);
            forks_of(mode, bytes, instances, instance, repetitions, first, together);
            _exit(0);
        }
    }
    /* One that fails would leave the others at the barrier: it ends them, as it ends this process. */
    for (int left = instances; left > 0; left--) {
        int status;
        if (wait(&status) < 0 || status != 0)
            exit(1);
    }
}

#endif
