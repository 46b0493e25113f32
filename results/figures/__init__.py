"""Figures of any run: their look, their panels, and the picture that fits what was run.

Of `results` it may import: `tables`, `metrics`, `records`.
"""
