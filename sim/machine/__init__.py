"""The machine: clock, cores and their scheduler, locks, memory system, random streams, probes.

Of `sim` it may import: `configuration`, `arrays`, `names`, `printable`, `regular_file`,
`units`.
"""
