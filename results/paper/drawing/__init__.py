"""How figures and tables of the paper are drawn: simulated and published side by side.

Of `results.paper` it may import: `item`, `reference`.
"""
