"""What a machine is: clock, cores, locks, memory system, random streams, probes."""
