"""How a program runs on a machine: what it is run on, its life, its recording.

Of `workloads` it may import: `traces`.
"""
