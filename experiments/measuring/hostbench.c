/*
 * Measures what forks, page faults and copies cost on this machine: one stage a call.
 *
 *   hostbench check
 *   hostbench forks MODE BYTES INSTANCES REPETITIONS FIRST    MODE: 4k, 4k_sparse, thp, hugetlb
 *   hostbench fills BYTES FIRST                               first touches of fresh memory
 *   hostbench faults BYTES FIRST                              4 KiB faults
 *   hostbench huge_faults BYTES FIRST                         faults in 2 MiB pages
 *   hostbench copies MODE BYTES FIRST
 *   hostbench switches COUNT FIRST                            between two processes on a CPU
 *   hostbench gaps MILLISECONDS FIRST                         of a loop that does nothing else
 *
 * Rows go to standard output as CSV, the name of their table in front (experiments/measuring/
 * tables.py has the columns); a line for the finished stage goes to standard error. FIRST numbers
 * the first repetition.
 *
 * Clocks: what is summed over many pages is CPU time of the thread, or of a child as wait4 tells
 * it, since wall clocks also measure the neighbours. Single faults are by the wall clock, which
 * needs no system call; medians of them stand firm.
 *
 * Nothing outlives the caller: this process dies with its parent, and its children with it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SMALL ((size_t)4096)
#define HUGE ((size_t)2 << 20)
#define MOST_PAGES ((size_t)1 << 17) /* faults of a loop whose latencies are kept */
#define MOST_INSTANCES 16
#define FORKS_OF_A_MAPPING 2 /* the first write-protects, the next finds that done */
#define LEAST_GAP_NS 2000    /* shorter ones are the clock's own */

#ifndef MAP_HUGETLB
#define MAP_HUGETLB 0x40000
#endif

enum pages { PAGES_4K, PAGES_SPARSE, PAGES_THP, PAGES_HUGETLB };

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- clocks --------------------------------------------------------------------------------- */

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

/* --- processes ------------------------------------------------------------------------------ */

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

/* --- memory --------------------------------------------------------------------------------- */

struct area {
    unsigned char *pages; /* on a boundary of 2 MiB */
    size_t bytes;
    void *mapped;
    size_t mapped_bytes;
};

static struct area map_area(size_t bytes, enum pages kind)
{
    struct area area = {.bytes = bytes, .mapped_bytes = bytes + (kind == PAGES_HUGETLB ? 0 : HUGE)};
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (kind == PAGES_HUGETLB ? MAP_HUGETLB : MAP_NORESERVE);
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

/* --- forks ---------------------------------------------------------------------------------- */

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
                   (long long)(turn == FORKS_OF_A_MAPPING - 1 ? unmap_ns : 0));
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
    if (instances > MOST_INSTANCES)
        exit(2);
    pthread_barrier_t *together = shared_memory(sizeof *together);
    pthread_barrierattr_t attributes;
    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(together, &attributes, (unsigned)instances);
    pid_t self = getpid(), children[MOST_INSTANCES];
    for (int instance = 0; instance < instances; instance++) {
        children[instance] = forked();
        if (children[instance] == 0) {
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

/* --- faults --------------------------------------------------------------------------------- */

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

/* --- copies --------------------------------------------------------------------------------- */

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

/* --- the processor -------------------------------------------------------------------------- */

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

/* -------------------------------------------------------------------------------------------- */

/* Whether the stage's words are these and `count` arguments follow. */
static int is(int given, char **words, const char *stage, int count)
{
    return given == count + 2 && !strcmp(words[1], stage);
}

int main(int given, char **words)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return 1;
    if (sched_getaffinity(0, sizeof allowed, &allowed))
        fail("sched_getaffinity");
    int64_t start = wall_ns();
    if (is(given, words, "check", 0))
        return 0;
    if (is(given, words, "forks", 5))
        forks(words[2], strtoull(words[3], NULL, 10), atoi(words[4]), atoi(words[5]),
              atoi(words[6]));
    else if (is(given, words, "fills", 2))
        fills(strtoull(words[2], NULL, 10), atoi(words[3]));
    else if (is(given, words, "faults", 2))
        faults(strtoull(words[2], NULL, 10), atoi(words[3]));
    else if (is(given, words, "huge_faults", 2))
        huge_faults(strtoull(words[2], NULL, 10), atoi(words[3]));
    else if (is(given, words, "copies", 3))
        copies(words[2], strtoull(words[3], NULL, 10), atoi(words[4]));
    else if (is(given, words, "switches", 2))
        switches(atoi(words[2]), atoi(words[3]));
    else if (is(given, words, "gaps", 2))
        gaps(atoi(words[2]), atoi(words[3]));
    else
        return 2;
    if (fflush(stdout))
        fail("standard output");
    fprintf(stderr, "%s %s: %.2f s\n", words[1], words[2], (double)(wall_ns() - start) / 1e9);
    return 0;
}
