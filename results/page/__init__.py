"""The page of a run: one HTML file that says what was asked, what came out, and how sure it is.

Of `results` it may import: `figures`, `tables`, `metrics`, `records`.
"""
