/* Clocks, and quantiles of what they measured. */
#ifndef BENCH_CLOCKS_H
#define BENCH_CLOCKS_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t wall_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
static int64_t cpu_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

static int64_t used_ns(const struct rusage *used)
{
    int64_t seconds = used->ru_utime.tv_sec + used->ru_stime.tv_sec;
    int64_t microseconds = used->ru_utime.tv_usec + used->ru_stime.tv_usec;
    return seconds * 1000000000 + microseconds * 1000;
}

static int by_value(const void *one, const void *other)
{
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

/* What reading the wall clock twice takes: the median of many. */
static double timer_cost_ns(void)
{
    static float costs[4001];
    const size_t count = sizeof costs / sizeof *costs;
    for (size_t i = 0; i < count; i++) {
        int64_t before = wall_ns();
        costs[i] = (float)(wall_ns() - before);
    }
    qsort(costs, count, sizeof *costs, by_value);
    return costs[count / 2];
}

#endif
