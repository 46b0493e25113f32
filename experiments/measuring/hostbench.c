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
#include "bench_copies.h"
#include "bench_faults.h"
#include "bench_forks.h"
#include "bench_processor.h"

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
