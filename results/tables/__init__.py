"""Tables of a run, for people and for programs.

Of `results` it may import: `metrics`, `records`.
"""
