"""From combinations to points that can be simulated.

Of `experiments` it may import: `sweeps`, `language`.
"""
