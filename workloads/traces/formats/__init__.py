"""The readers, one a format.

Of `workloads.traces` it may import: `kinds`, `commands`, `reading`.
"""
