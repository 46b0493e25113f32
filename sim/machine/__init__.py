"""The machine: clock, cores and their scheduler, locks, memory system, random streams, probes."""
