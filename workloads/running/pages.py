"""Pages, as programs count their memory."""

from __future__ import annotations

from models.memory.areas import PAGES_PER_SLOT
from models.memory.frames import FRAME_BYTES

PAGE_BYTES = FRAME_BYTES
SLOT_BYTES = PAGES_PER_SLOT * PAGE_BYTES
"""What a page table maps."""
PAGE_SHIFT = PAGE_BYTES.bit_length() - 1


def pages_of(size_bytes: int) -> int:
    """The pages that so many bytes need."""
    return -(-size_bytes // PAGE_BYTES)
