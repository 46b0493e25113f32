"""The programs, a module or a folder each.

Of `workloads` it may import: `workload`, `running`, `traces`.
"""
