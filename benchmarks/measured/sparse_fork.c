/* What a PTE table costs a fork and a child's exit, with one page present and with all 512.
 *
 *     cc -O2 -o sparse_fork sparse_fork.c && ./sparse_fork
 *
 * Clock: CLOCK_THREAD_CPUTIME_ID around the call; a child's exit is its whole CPU time (wait4) less
 * what its own clock says before it exits. Printed are medians of 5 rounds, each a median of 7 forks,
 * in a new process, after a first one that write-protects the entries; less a fork of no tables.
 */
#include "measuring.h"

enum { TABLES = 1024, FORKS = 7, ROUNDS = 5 };

static void measure(double *numbers, int pages) {
    char *memory = pages ? tables_of_memory(TABLES) : NULL;
    for (size_t table = 0; pages && table < TABLES; table++)
        for (int page = 0; page < pages; page++) memory[table * TABLE_BYTES + page * PAGE] = 1;
    struct values forks = {0}, exits = {0};
    for (int i = 0; i <= FORKS; i++) {
        double fork_ns, exit_ns;
        fork_and_exit(&fork_ns, &exit_ns);
        if (!i) continue;
        add(&forks, fork_ns);
        add(&exits, exit_ns);
    }
    numbers[0] = median(&forks);
    numbers[1] = median(&exits);
}

int main(void) {
    const int present[] = {0, 1, PAGES_PER_TABLE};
    struct values forks[3] = {0}, exits[3] = {0};
    for (int round = 0; round < ROUNDS; round++)
        for (int kind = 0; kind < 3; kind++) {
            double numbers[2];
            in_new_process(measure, numbers, 2, present[kind]);
            add(&forks[kind], numbers[0]);
            add(&exits[kind], numbers[1]);
        }
    double no_fork = median(&forks[0]), no_exit = median(&exits[0]);
    printf("fork and exit of no tables: %.1f and %.1f us\n", no_fork / 1e3, no_exit / 1e3);
    printf("ns a table             fork    exit\n");
    for (int kind = 1; kind < 3; kind++)
        printf("%3d pages present  %8.0f%8.0f\n", present[kind],
               (median(&forks[kind]) - no_fork) / TABLES, (median(&exits[kind]) - no_exit) / TABLES);
}
