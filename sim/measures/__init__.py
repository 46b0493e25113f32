"""What a simulated program leaves behind: histograms, levels, timelines, the end of the warm-up.

Of `sim` it may import: `machine`, `configuration`, `arrays`, `names`, `printable`, `regular_file`,
`units`.
"""
