"""Fork schemes, a module each, and their registry.

Of `models` it may import: `operations`, `calibration`, `faults`, `costs`, `memory`.
"""
