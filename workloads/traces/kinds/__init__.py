"""What a trace holds, whichever format it came in.

Of `workloads.traces` it may import: `commands`, `reading`.
"""
