"""From the sweep of an experiment to combinations of values.

Of `experiments` it may import: `language`.
"""
