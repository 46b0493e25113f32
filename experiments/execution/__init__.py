"""From points to records: simulated here, in processes or on a cluster, and the folder of a run.

Of `experiments` it may import: `planning`, `sweeps`, `language`.
"""
