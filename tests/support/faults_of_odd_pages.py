"""Faults as simple as they get: a write of an odd page raises one, whatever came before."""

from __future__ import annotations

import numpy as np

from models.faults.actions import PageAction, TableAction
from models.faults.batch import Faults
from sim.arrays import IntArray


def faults_of_odd_pages(pages: IntArray, cost_ns: int) -> Faults:
    """A fault of this cost for each write of an odd page."""
    position = np.flatnonzero(pages % 2)
    count = len(position)
    return Faults(
        position,
        pages[position],
        np.full(count, TableAction.NONE, np.uint8),
        np.full(count, PageAction.COW_COPY, np.uint8),
        np.full(count, cost_ns, np.int64),
        np.ones(count, np.bool_),
        np.zeros(count, np.int64),
    )
