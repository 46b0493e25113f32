"""Records of points and the folder that keeps them.

Of `results` it may import: nothing.
"""
