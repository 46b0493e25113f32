"""How far the simulation is from what was published, which way round, and why.

Of `results.paper` it may import: `item`, `reference`.
"""
