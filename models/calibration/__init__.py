"""From measurements to a machine profile: fits, and the machine of the paper.

Of `models` it may import: `costs`, `memory`.
"""
