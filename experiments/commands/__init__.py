"""What each command does: one module a command, its ``main`` returning the exit code.

Of `experiments` it may import: `calibration`, `forks`, `execution`, `planning`, `sweeps`,
`language`.
"""
