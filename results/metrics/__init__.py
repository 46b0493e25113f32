"""The numbers of a record: what they are called, how sure they are, how they are written.

Of `results` it may import: `records`.
"""
