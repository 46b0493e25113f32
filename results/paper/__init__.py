"""The items of the On-demand-fork paper: simulated, drawn, and held against what was published.

Of `results` it may import: `figures`, `tables`, `metrics`, `records`.
"""
