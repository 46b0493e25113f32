"""Bad input, told in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from sim.printable import printable

LONGEST_VALUE = 60
"""Characters of a wrong value that a message repeats."""


@dataclass(frozen=True, order=True)
class Position:
    """Where something stands in the input.

    Attributes:
        source: the file as the user named it, or the option (``--set``).
        line: from 1; of an option, which of its occurrences.
        column: from 1.
    """

    source: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}"


class InputError(ValueError):
    """The input is wrong: one printable line that says where, what, and what was expected."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))

    @classmethod
    def at(cls, position: Position, message: str) -> InputError:
        """The error at a position: ``file:line:column: message``."""
        return cls(f"{position}: {message}")


def shown(value: object) -> str:
    """``value`` as a message repeats it: quoted as Python does, cut when long."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def suggestion(word: object, known: Iterable[str]) -> str:
    """``- did you mean 'closed'?`` or, when nothing is near, ``: expected one of 'a', 'b'``."""
    words = list(known)
    near = difflib.get_close_matches(str(word), words, n=1)
    if near:
        return f" - did you mean {near[0]!r}?"
    if not words:
        return ": expected nothing here"
    return ": expected " + ("one of " if len(words) > 1 else "") + ", ".join(map(repr, words))
