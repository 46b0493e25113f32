"""What a kernel does with memory when asked: fill, copy, move, protect, remove, step by step.

Of `models` it may import: `calibration`, `faults`, `costs`, `memory`.
"""
