/* What the processor takes whatever is measured. */
#ifndef BENCH_PROCESSOR_H
#define BENCH_PROCESSOR_H

#include "bench_clocks.h"
#include "bench_processes.h"
#include "bench_samples.h"

#define LEAST_GAP_NS 2000 /* shorter ones are the clock's own */

static void switches(int count, int first)
{
    int there[2], back[2];
    char byte = 0;
    struct rusage used;
    if (pipe(there) || pipe(back))
        fail("pipe");
    pin(0);
    pid_t self = getpid(), child = forked();
    if (child == 0) {
        die_with(self);
        close(there[1]);
        close(back[0]);
        while (read(there[0], &byte, 1) == 1)
            if (write(back[1], &byte, 1) != 1)
                break;
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    int64_t start = wall_ns(), taken = cpu_ns();
    for (int i = 0; i < count; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            fail("a pipe");
    taken = cpu_ns() - taken;
    int64_t elapsed = wall_ns() - start;
    close(there[1]);
    if (wait4(child, NULL, 0, &used) != child)
        fail("wait4");
    printf("processor,context_switch,%d,%d,%lld,%lld,,,,\n", first, 2 * count, (long long)elapsed,
           (long long)(taken + used_ns(&used)));
}

static void gaps(int milliseconds, int first)
{
    pin(0);
    size_t count = 0;
    double sum = 0;
    int64_t start = wall_ns(), end = start + (int64_t)milliseconds * 1000000, last = start, now;
    while ((now = wall_ns()) < end) {
        if (now - last > LEAST_GAP_NS && count < MOST_PAGES) {
            latencies[count++] = (float)(now - last);
            sum += (double)(now - last);
        }
        last = now;
    }
    qsort(latencies, count, sizeof *latencies, by_value);
    printf("processor,gap,%d,%zu,%lld,%.0f", first, count, (long long)(now - start), sum);
    static const double shares[] = {.50, .99, .999, 1};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (count)
            printf(",%.0f", latencies[(size_t)(shares[i] * (double)(count - 1) + .5)]);
        else
            printf(",");
    printf("\n");
}

#endif
