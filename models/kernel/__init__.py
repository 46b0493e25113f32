"""The kernel of a machine: time and locks for what a scheme does, and the books of its memory.

Of `models` it may import: `schemes`, `operations`, `calibration`, `faults`, `costs`, `memory`.
"""
