"""Pages, as programs count their memory."""

from __future__ import annotations

from models.memory.frames import FRAME_BYTES

PAGE_BYTES = FRAME_BYTES
PAGE_SHIFT = PAGE_BYTES.bit_length() - 1


def pages_of(size_bytes: int) -> int:
    """The pages that so many bytes need."""
    return -(-size_bytes // PAGE_BYTES)
