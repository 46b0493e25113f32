"""Texts of others, as they may be shown: without characters that act on a terminal."""

from __future__ import annotations


def printable(text: str, kept: str = "") -> str:
    """``text`` with escapes for all that is not printed as itself, in Python's spelling.

    These are control characters (which move the cursor or recolour what was printed), those that
    change the direction of writing (which let a line look like another), and halves of surrogate
    pairs (which stand for bytes of a file's name that are no text).

    Args:
        text: of a file, a name, a message.
        kept: characters that stay all the same.
    """
    if text.isprintable():
        return text
    return "".join(c if c in kept or c.isprintable() else ascii(c)[1:-1] for c in text)
