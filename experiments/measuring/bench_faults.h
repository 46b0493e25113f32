/* Page faults, one by one. */
#ifndef BENCH_FAULTS_H
#define BENCH_FAULTS_H

#include "bench_clocks.h"
#include "bench_memory.h"
#include "bench_processes.h"
#include "bench_samples.h"

struct loop {
    const char *scenario;
    size_t step;   /* between accesses */
    size_t within; /* of each step, the byte that is accessed */
    int random, reads, prewarmed, repetition;
};

/* Accesses each page of an area once and prints the row. */
static void fault_loop(struct area area, struct loop loop)
{
    size_t count = area.bytes / loop.step;
    double timer = timer_cost_ns(), sum = 0;
    if (count > MOST_PAGES)
        count = MOST_PAGES;
    choose_order(count, loop.random);
    int64_t start = wall_ns();
    for (size_t i = 0; i < count; i++) {
        volatile unsigned char *at = area.pages + order_of[i] * loop.step + loop.within;
        int64_t before = wall_ns();
        if (loop.reads)
            (void)*at;
        else
            *at = 2;
        latencies[i] = (float)(wall_ns() - before);
    }
    int64_t elapsed = wall_ns() - start;
    for (size_t i = 0; i < count; i++) {
        latencies[i] = latencies[i] > timer ? latencies[i] - (float)timer : 0;
        sum += latencies[i];
    }
    qsort(latencies, count, sizeof *latencies, by_value);
    printf("fault_latency_percentiles,%s,single,%s,%d,0,%d,%zu,%.1f,%lld,%.1f,%.1f", loop.scenario,
           loop.random ? "rnd" : "seq", loop.prewarmed, loop.repetition, count, timer,
           (long long)elapsed, sum / (double)count, latencies[0]);
    static const double shares[] = {.01, .05, .10, .25, .50, .75, .90, .95, .99, .999};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        printf(",%.1f", latencies[(size_t)(shares[i] * (double)(count - 1) + .5)]);
    printf(",%.1f\n", latencies[count - 1]);
    fflush(stdout); /* before any fork: a child would print it again */
}

static struct loop named(struct loop loop, const char *scenario)
{
    loop.scenario = scenario;
    return loop;
}

static void fills(size_t bytes, int first)
{
    struct loop loop = {.scenario = "zero4k", .step = SMALL, .repetition = first};
    struct area area = map_area(bytes, PAGES_4K);
    fault_loop(area, loop);
    unmap_area(area);
}

/* As much as the scenarios will take, touched once: a host may back memory only then. */
static void warm(size_t bytes, enum pages kind)
{
    struct area area = map_area(bytes, kind);
    touch(area, SMALL);
    unmap_area(area);
}

static void in_child(struct area area, struct loop loop)
{
    pid_t self = getpid(), child = forked();
    if (child == 0) {
        die_with(self);
        fault_loop(area, loop);
        _exit(0);
    }
    join(child);
}

static void faults(size_t bytes, int first)
{
    warm(2 * bytes, PAGES_4K);
    for (int random = 0; random < 2; random++) {
        struct loop loop = {
            .step = SMALL, .random = random, .prewarmed = 1, .repetition = first};
        struct area area = map_area(bytes, PAGES_4K);
        struct loop reading = named(loop, "readzero4k");
        reading.reads = 1;
        fault_loop(area, reading);
        unmap_area(area);
        area = map_area(bytes, PAGES_4K);
        fault_loop(area, named(loop, "zero4k"));
        struct holder held = hold();
        fault_loop(area, named(loop, "cow_parent"));
        release(held);
        release(hold());
        fault_loop(area, named(loop, "reuse_parent_child_gone"));
        fault_loop(area, named(loop, "write_present"));
        in_child(area, named(loop, "cow_child"));
        unmap_area(area);
    }
}

static void huge_faults(size_t bytes, int first)
{
    struct loop loop = {.step = HUGE, .prewarmed = 1, .repetition = first};
    warm(bytes, PAGES_THP);
    size_t resident = resident_bytes();
    struct area area = map_area(bytes, PAGES_THP);
    fault_loop(area, named(loop, "thp_zero"));
    expect_huge(area, resident);
    release(hold());
    fault_loop(area, named(loop, "thp_reuse_child_gone"));
    struct holder held = hold();
    fault_loop(area, named(loop, "thp_cow_first4k"));
    loop.within = SMALL;
    fault_loop(area, named(loop, "thp_cow_second4k"));
    release(held);
    unmap_area(area);
}

#endif
