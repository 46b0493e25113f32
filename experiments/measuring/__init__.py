"""What forks, faults and copies cost on the machine that this runs on, as files of raw rows.

Of `experiments` it may import: `execution`, `planning`, `sweeps`, `language`.
"""
