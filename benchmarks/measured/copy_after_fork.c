/* What a page of a long memcpy takes, with and without copying faults, and stores that only fault.
 *
 *     cc -O2 -o copy_after_fork copy_after_fork.c && ./copy_after_fork
 *
 * Clock: CLOCK_THREAD_CPUTIME_ID around 32 MiB at a time, as figure 8 goes through its memory.
 * Printed are medians of the 64 times that 2 GiB have; nothing of a time is in cache before it.
 */
#include "measuring.h"

enum { TABLES = 1024, TABLES_OF_BUFFER = 16, COPIES = TABLES / TABLES_OF_BUFFER };

static char *memory, *buffer;

static void from_memory(char *there, size_t bytes) { memcpy(buffer, there, bytes); }

static void into_memory(char *there, size_t bytes) { memcpy(there, buffer, bytes); }

static void one_store_a_page(char *there, size_t bytes) {
    for (size_t at = 0; at < bytes; at += PAGE) *(volatile char *)(there + at) = 5;
}

static double us_a_page(void (*access)(char *there, size_t bytes)) {
    size_t bytes = TABLES_OF_BUFFER * TABLE_BYTES;
    struct values each = {0};
    for (size_t copy = 0; copy < COPIES; copy++) {
        double before = cpu_ns();
        access(memory + copy * bytes, bytes);
        add(&each, (cpu_ns() - before) / (TABLES_OF_BUFFER * PAGES_PER_TABLE));
    }
    return median(&each) / 1e3;
}

int main(void) {
    memory = tables_of_memory(TABLES);
    buffer = tables_of_memory(TABLES_OF_BUFFER);
    memset(memory, 1, TABLES * TABLE_BYTES);
    memset(buffer, 3, TABLES_OF_BUFFER * TABLE_BYTES);
    printf("us a page, no faults: memcpy from memory %.2f", us_a_page(from_memory));
    printf(", into memory %.2f\n", us_a_page(into_memory));
    fflush(stdout);
    pid_t child = sleeping_child();
    printf("us a page, shared with a child: memcpy into memory %.2f", us_a_page(into_memory));
    fflush(stdout);
    end(child);
    child = sleeping_child();
    printf(", one store a page %.2f\n", us_a_page(one_store_a_page));
    end(child);
}
