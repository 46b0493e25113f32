"""Commands of key-value stores: which of them write, and what.

Of `workloads.traces` it may import: `reading`.
"""
