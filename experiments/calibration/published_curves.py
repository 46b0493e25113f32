"""What the paper published of a micro-benchmark over sizes, as arrays."""

from __future__ import annotations

import numpy as np

from results.paper.reference import published
from sim.arrays import FloatArray


def curves(item: str) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Sizes in GiB (the paper's GB) and the item's published curves in ns."""
    found: dict[str, list[float]] = {}
    sizes: dict[str, None] = {}
    for cell, value in published.values(item).items():
        name, _, size = cell.rpartition("/")
        found.setdefault(name, []).append(value * 1e6)
        sizes[size.removesuffix("GB")] = None
    size_gib = np.array([float(size) for size in sizes])
    return size_gib, {name: np.array(values) for name, values in found.items()}
