"""Numbers published in the On-demand-fork evaluation, and typed access to them.

Of `results.paper` it may import: nothing.
"""
