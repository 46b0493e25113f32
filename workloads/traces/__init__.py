"""Readers of real traces: one file a format, all bounded, every line accounted for.

Of `workloads` it may import: nothing.
"""
