/* Copies and fills of memory that is there. */
#ifndef BENCH_COPIES_H
#define BENCH_COPIES_H

#include <string.h>
#include "bench_clocks.h"
#include "bench_memory.h"
#include "bench_samples.h"

/* As kernels copy and clear pages, where the processor has an instruction for it. */
#if defined(__x86_64__)
#define CLEARING "rep_stosb"
static void clear_bytes(void *at, size_t bytes)
{
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(0) : "memory");
}
#else
#define CLEARING "memset"
static void clear_bytes(void *at, size_t bytes) { memset(at, 0, bytes); }
#endif

enum locality { HOT, COLD_SEQUENTIAL, COLD_RANDOM };

static void copy_loop(struct area to, struct area from, const char *mode, size_t unit,
                      enum locality locality, int copying, int repetition)
{
    static const char *const words[] = {"hot", "cold_seq", "cold_rnd"};
    size_t count = to.bytes / unit;
    choose_order(count, locality == COLD_RANDOM);
    int64_t taken = cpu_ns();
    for (size_t i = 0; i < count; i++) {
        size_t at = locality == HOT ? 0 : order_of[i] * unit;
        if (copying)
            memcpy(to.pages + at, from.pages + at, unit);
        else
            clear_bytes(to.pages + at, unit);
        __asm__ volatile("" ::: "memory"); /* each of them, though the next writes the same */
    }
    double each = (double)(cpu_ns() - taken) / (double)count;
    printf("copy_bandwidth,%s,%s,%zu,%s,%s,1,0,%d,%.1f,%.3f\n", copying ? "copy" : "clear",
           copying ? "memcpy" : CLEARING, unit, words[locality], mode, repetition, each,
           (double)unit / each);
}

static void copies(const char *mode, size_t bytes, int first)
{
    enum pages kind = !strcmp(mode, "thp") ? PAGES_THP : PAGES_4K;
    struct area to = map_area(bytes, kind), from = map_area(bytes, kind);
    touch(to, SMALL);
    touch(from, SMALL);
    for (enum locality locality = HOT; locality <= COLD_RANDOM; locality++)
        for (int copying = 0; copying < 2; copying++) {
            copy_loop(to, from, mode, SMALL, locality, copying, first);
            copy_loop(to, from, mode, HUGE, locality, copying, first);
        }
    unmap_area(to);
    unmap_area(from);
}

#endif
