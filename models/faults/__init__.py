"""Page faults: what is raised, what it does, what it costs, under which rules of sharing.

Of `models` it may import: `costs`, `memory`.
"""
