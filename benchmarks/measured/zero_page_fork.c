/* What an entry of the zero page costs a fork, beside an entry of a page of one's own.
 *
 *     cc -O2 -o zero_page_fork zero_page_fork.c && ./zero_page_fork
 *
 * Clock: CLOCK_THREAD_CPUTIME_ID around the call. Printed are medians of 5 rounds, each a median of 7
 * forks of 1 GiB, in a new process, after a first one. One page is written in either case: a fork
 * passes by memory of which no page ever was.
 */
#include "measuring.h"

enum { TABLES = 512, FORKS = 7, ROUNDS = 5 };

static void measure(double *numbers, int written) {
    volatile char *memory = tables_of_memory(TABLES);
    size_t bytes = TABLES * TABLE_BYTES;
    char seen = 0;
    for (size_t at = 0; at < bytes; at += PAGE) {
        if (written)
            memory[at] = 1;
        else
            seen += memory[at];
    }
    memory[bytes - PAGE] = seen + 1;
    struct values forks = {0};
    for (int i = 0; i <= FORKS; i++) {
        double fork_ns, exit_ns;
        fork_and_exit(&fork_ns, &exit_ns);
        if (i) add(&forks, fork_ns);
    }
    numbers[0] = median(&forks);
}

int main(void) {
    struct values of_kind[2] = {0};
    for (int round = 0; round < ROUNDS; round++)
        for (int written = 0; written < 2; written++) {
            double fork_ns;
            in_new_process(measure, &fork_ns, 1, written);
            add(&of_kind[written], fork_ns / TABLES / PAGES_PER_TABLE);
        }
    double zero = median(&of_kind[0]), own = median(&of_kind[1]);
    printf("ns an entry: zero page %.1f, own page %.1f, ratio %.2f\n", zero, own, zero / own);
}
