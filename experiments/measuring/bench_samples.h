/* Places in an order, and how long each took. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#define MOST_PAGES ((size_t)1 << 17) /* that a loop keeps */

static float latencies[MOST_PAGES];
static uint32_t order_of[MOST_PAGES];

static void choose_order(size_t pages, int random)
{
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < pages; i++)
        order_of[i] = (uint32_t)i;
    for (size_t i = pages - 1; random && i > 0; i--) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        size_t other = state % (i + 1);
        uint32_t kept = order_of[i];
        order_of[i] = order_of[other];
        order_of[other] = kept;
    }
}

#endif
