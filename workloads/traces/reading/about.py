"""What of a format is read, for people."""

from __future__ import annotations

from typing import NamedTuple


class About(NamedTuple):
    """A format in a few words, as `forksim trace inspect` and docs/traces.md have them.

    Attributes:
        read: What is read.
        left: What is not.
        assumed: What is taken for granted.
    """

    read: str
    left: str
    assumed: str
