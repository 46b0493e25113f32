"""Text in lines of a width, broken between words and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len, chop_cells
from rich.console import Console

from sim.printable import printable

_NUMERIC = frozenset("0123456789.,+-±~[<>=≥")
"""What numbers and the signs before them are made of; they stay with what follows, their units."""

_LONGEST = 24
_OF_WIDTH = 2.5
"""A word stays whole up to so many characters, and two fifths of the width."""


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines, each as indented as the text is.

    Lines end between words, or within one behind a dot or stroke; a number stays with what follows
    it, its unit. What is longer than a line is cut.
    """
    if cell_len(text) <= width:
        return [text.rstrip(" ")]
    bare = text.lstrip(" ")
    indent = " " * (len(text) - len(bare))
    room = max(width - len(indent), 1)
    lines = [""]
    for piece in _that_fit(_pieces(bare), room):
        if lines[-1] and cell_len((lines[-1] + piece).rstrip(" ")) > room:
            lines.append("")
        whole = lines.pop() + piece
        lines += chop_cells(whole, room) if cell_len(whole.rstrip(" ")) > room else [whole]
    return [indent + line.rstrip(" ") for line in lines]


def longest_word(text: str, width: int) -> int:
    """How narrow lines may be that share a width with others, such that no usual word is cut."""
    bare = text.lstrip(" ")
    widest = max((cell_len(piece.rstrip(" ")) for piece in _pieces(bare)), default=0)
    return len(text) - len(bare) + min(widest, _LONGEST, max(int(width / _OF_WIDTH), 1))


def can_write(text: str, console: Console) -> bool:
    """Whether the console's encoding has all of the text."""
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True


def print_words(text: str, console: Console) -> None:
    """Print a sentence in lines as wide as the console, in one where that leaves breaking it."""
    text = printable(text)
    width = cell_len(text) if console.soft_wrap else console.width
    for line in wrapped(text, width):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _pieces(text: str) -> Iterator[str]:
    """The text in parts behind each of which a line may end."""
    piece = ""
    words = text.split(" ")
    for number, word in enumerate(words, 1):
        *parts, last = _parts(word)
        for part in parts:
            yield piece + part
            piece = ""
        piece += last
        if number < len(words):
            piece += " "
            if not word or set(word) - _NUMERIC:
                yield piece
                piece = ""
    if piece:
        yield piece


def _that_fit(pieces: Iterable[str], room: int) -> Iterator[str]:
    """The pieces; a number too wide for a line together with what follows it is left alone."""
    for text in pieces:
        if cell_len(text.rstrip(" ")) <= room:
            yield text
        else:
            *words, last = text.split(" ")
            yield from (f"{word} " for word in words)
            yield last


def _parts(word: str) -> Iterator[str]:
    """A word, or a path in its parts."""
    begin = 0
    for at in range(1, len(word)):
        if word[at - 1] in "./=-" and word[at : at + 2].isalpha() and len(word) > at + 1:
            yield word[begin:at]
            begin = at
    yield word[begin:]
