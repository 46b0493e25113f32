"""From the bytes of a file to columns of integers, with an account of every line.

Of `workloads.traces` it may import: nothing.
"""
