"""From a machine's profile to what was measured on it: predictions beside measured rows.

Of `experiments` it may import: `calibration`, `forks`, `measuring`, `execution`, `planning`,
`sweeps`, `language`.
"""
