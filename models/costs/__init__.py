"""What operations on memory cost: laws, and profiles of machines that give their constants.

Of `models` it may import: `memory`.
"""
