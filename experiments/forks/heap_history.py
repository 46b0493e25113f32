"""What became of a process's memory before it is forked."""

from __future__ import annotations

from enum import StrEnum


class HeapHistory(StrEnum):
    """The history of a heap, which says how many of its page frames lie scattered."""

    FRESH = "fresh"
    """Just written, on a machine as it was when its profile was measured."""
    LOADED = "loaded"
    """Just written, on a machine that has run for long (`Profile.when_aged`)."""
    AGED = "aged"
    """Copied page by page, as by writes under many snapshots: every frame lies scattered."""

    @property
    def words(self) -> str:
        """What is said of it."""
        return {
            HeapHistory.FRESH: "just filled",
            HeapHistory.LOADED: "just filled on a machine that has run for long",
            HeapHistory.AGED: "whose pages snapshots have copied",
        }[self]
