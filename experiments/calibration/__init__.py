"""From published measurements to a machine profile, with the programs that they were measured with.

Of `experiments` it may import: `execution`, `planning`, `sweeps`, `language`.
"""
