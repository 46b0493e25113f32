"""What memory is: frames, tables, entries, areas, address spaces, and how much they were used.

Of `models` it may import: nothing.
"""
