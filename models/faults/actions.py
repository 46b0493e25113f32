"""What a fault does: to a page, and to the table above it."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

ActionArray = npt.NDArray[np.uint8]


class TableAction(IntEnum):
    """What a fault does to the PTE table before it turns to the page."""

    NONE = 0
    ALLOC = 1
    """The slot had no table: allocate one."""
    COPY = 2
    """The table is shared: copy it for the faulting process (unshare, break)."""
    REUSE = 3
    """The table was shared and is not any more: make the slot writable again."""
    RENEW = 4
    """The same, but copy the table all the same and free the old one."""
    SYNC = 5
    """The table is still to be copied for a child: copy it for the child."""


class PageAction(IntEnum):
    """What a fault does to the page."""

    NONE = 0
    COW_COPY = 1
    """Copy 4 KiB: the page is mapped elsewhere too."""
    COW_REUSE = 2
    """Make the entry writable: this is the page's only mapping."""
    ZERO_FILL = 3
    """Map a fresh zeroed page (first write to a hole or to the zero page)."""
    ZERO_MAP = 4
    """Map the zero page (read of a hole)."""
    SHARED_MAP = 5
    """Map a page of shared memory."""
    FILE_MAP = 6
    """Map a page of a file, read-only, in a private mapping."""
    HUGE_COPY = 7
    """Copy 2 MiB."""
    HUGE_REUSE = 8
    """Make a huge entry writable."""
    HUGE_FILL = 9
    """Map a fresh zeroed huge page."""
    HUGE_ZERO_MAP = 10
    """Map the huge zero page."""
    HUGE_SPLIT = 11
    """Split a shared huge page into 4 KiB pages in this process, and copy one of them."""
    HUGE_READ_FILL = 12
    """Map a fresh zeroed huge page read-only: hugetlbfs has no zero page."""
    NO_PAGE = 13
    """There is no page to map: the process is killed (SIGBUS), so nothing follows."""


FIRST_HUGE_ACTION = PageAction.HUGE_COPY
