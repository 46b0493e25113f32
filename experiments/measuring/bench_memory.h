/* Memory of small and of huge pages. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bench_processes.h"

#define SMALL ((size_t)4096)
#define HUGE ((size_t)2 << 20)

#ifndef MAP_HUGETLB
#define MAP_HUGETLB 0x40000
#endif
#define OF_2_MIB (21 << 26) /* the pool, by the logarithm of its pages' size */

enum pages { PAGES_4K, PAGES_SPARSE, PAGES_THP, PAGES_HUGETLB };

struct area {
    unsigned char *pages; /* on a boundary of 2 MiB */
    size_t bytes;
    void *mapped;
    size_t mapped_bytes;
};

static struct area map_area(size_t bytes, enum pages kind)
{
    struct area area = {.bytes = bytes, .mapped_bytes = bytes + (kind == PAGES_HUGETLB ? 0 : HUGE)};
    int flags = kind == PAGES_HUGETLB ? MAP_HUGETLB | OF_2_MIB : MAP_NORESERVE;
    flags |= MAP_PRIVATE | MAP_ANONYMOUS;
    area.mapped = mmap(NULL, area.mapped_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (area.mapped == MAP_FAILED)
        fail("mmap");
    area.pages = (unsigned char *)(((uintptr_t)area.mapped + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
    if (kind != PAGES_HUGETLB) /* a kernel without huge pages refuses the advice and has 4 KiB */
        madvise(area.pages, bytes, kind == PAGES_THP ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    return area;
}

static void unmap_area(struct area area) { munmap(area.mapped, area.mapped_bytes); }

static void touch(struct area area, size_t step)
{
    for (size_t at = 0; at < area.bytes; at += step)
        *(volatile unsigned char *)(area.pages + at) = 1;
}

static size_t resident_bytes(void)
{
    unsigned long pages, resident = 0;
    FILE *sizes = fopen("/proc/self/statm", "r");
    if (!sizes || fscanf(sizes, "%lu %lu", &pages, &resident) != 2)
        fail("/proc/self/statm");
    fclose(sizes);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* Ends the stage where touching a byte of each 2 MiB has not filled nearly all of an area. */
static void expect_huge(struct area area, size_t resident_before)
{
    if (resident_bytes() - resident_before < area.bytes / 64 * 63) {
        fprintf(stderr, "the kernel gave no huge pages, or not enough of them\n");
        exit(1);
    }
}

#endif
