"""From published measurements to a machine profile, with the programs that they were measured with.

Of `experiments` it may import: `measuring`, `execution`, `planning`, `sweeps`, `language`.
"""
