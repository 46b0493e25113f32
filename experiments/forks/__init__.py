"""Forks looked at one by one: every scheme tried out on small states, told and compared.

Of `experiments` it may import: `measuring`, `execution`, `planning`, `sweeps`, `language`.
"""
