"""The language of an experiment: its document, its shape, its errors, what it can name.

Of `experiments` it may import: nothing.
"""
