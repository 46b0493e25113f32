"""What each command does: one module a command, its ``main`` returning the exit code.

`cli` says what each takes, `ending` how all of them end.

Of `experiments` it may import: `validation`, `calibration`, `forks`, `measuring`, `execution`,
`planning`, `sweeps`, `language`.
"""
