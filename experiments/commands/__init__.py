"""What each command does: one module a command, its ``main`` returning the exit code.

Of `experiments` it may import: `forks`, `execution`, `planning`, `sweeps`, `language`.
"""
