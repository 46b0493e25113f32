"""The figures and tables of the paper, a module each.

Of `results.paper` it may import: `drawing`, `comparison`, `item`, `reference`.
"""
