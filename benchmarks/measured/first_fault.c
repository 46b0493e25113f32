/* What the first write after a fork takes, in the middle of 1 GiB, and writes page after page then.
 *
 *     cc -O2 -o first_fault first_fault.c && ./first_fault
 *
 * Clocks: CLOCK_THREAD_CPUTIME_ID around 64 writes page after page. A single write is over in less
 * than a look at that clock takes, which is a system call, after a fork a cold one (by it the write
 * takes 3.4 to 5.8 us): CLOCK_MONOTONIC around that. What a store without a fault takes between two
 * looks is taken off. The child writes while its parent waits. Printed are medians of 31 forks; of
 * the runs of 64, which lie one after the other from the beginning of the memory on, of 128 each.
 */
#include "measuring.h"

enum { TABLES = 512, FORKS = 31, RUNS = 128, RUN = 64 };

static char *memory;

static double store_ns(volatile char *there) {
    double before = ns_by(CLOCK_MONOTONIC);
    *there = 2;
    return ns_by(CLOCK_MONOTONIC) - before;
}

static void measure(double *numbers, int unused) {
    (void)unused;
    char own = 1;
    struct values without = {0}, runs = {0};
    for (int i = 0; i < MOST_VALUES; i++) add(&without, store_ns(&own));
    numbers[0] = store_ns(memory + TABLES / 2 * TABLE_BYTES) - median(&without);
    for (size_t run = 0; run < RUNS; run++) {
        double before = cpu_ns();
        for (size_t page = 0; page < RUN; page++) memory[(run * RUN + page) * PAGE] = 2;
        add(&runs, (cpu_ns() - before) / RUN);
    }
    numbers[1] = median(&runs);
}

int main(void) {
    memory = tables_of_memory(TABLES);
    memset(memory, 1, TABLES * TABLE_BYTES);
    struct values firsts = {0}, later = {0};
    for (int i = 0; i < FORKS; i++) {
        double numbers[2];
        in_new_process(measure, numbers, 2, 0);
        add(&firsts, numbers[0]);
        add(&later, numbers[1]);
    }
    double first = median(&firsts), next = median(&later);
    printf("us a write: the first %.2f, page after page %.2f, ratio %.2f\n", first / 1e3, next / 1e3,
           next / first);
}
