"""Sentences on many rows, summed up: those of one shape are one, with the range of its numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

_Row = TypeVar("_Row")

_AFTER_NUMBERS = ",;:"


class _Number(NamedTuple):
    """A word with a number in it: what stands before it, its digits, what stands behind."""

    before: str
    digits: str
    behind: str


def by_text(said: Iterable[tuple[str, _Row]]) -> list[tuple[str, list[_Row]]]:
    """Each text that is said of rows, once, with the rows."""
    found: dict[str, list[_Row]] = {}
    for text, row in said:
        found.setdefault(text, []).append(row)
    return list(found.items())


def summed_up(said: Iterable[tuple[str, _Row]]) -> list[tuple[str, list[_Row]]]:
    """Each shape of a text that is said of rows, once, with the rows.

    Texts have one shape that differ in numbers alone: ``p99 rests on 12 to 80 requests``. Brackets
    with numbers in them are left out of the range.
    """
    shapes: dict[Hashable, dict[str, list[_Row]]] = {}
    for text, rows in by_text(said):
        shape = tuple(map(_shape_of, _without_brackets(text)))
        shapes.setdefault(shape, {})[text] = rows
    return [
        (_together(list(texts)), [row for rows in texts.values() for row in rows])
        for texts in shapes.values()
    ]


def _together(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    columns = zip(*map(_without_brackets, texts), strict=True)
    return " ".join(_range(list(dict.fromkeys(words))) for words in columns)


def _range(words: Sequence[str]) -> str:
    numbers = [(_value(word), word) for word in words]
    if len(words) == 1 or not all(value is not None for value, _ in numbers):
        return max(words, key=len)  # of one and of several
    (_, least), (_, most) = min(numbers), max(numbers)
    return f"{least.rstrip(_AFTER_NUMBERS)} to {most}"


def _shape_of(word: str) -> Hashable:
    number = _number(word)
    if number is None or _value(word) is None:
        return word.rstrip("s")
    return number.before, number.behind


def _value(word: str) -> float | None:
    number = _number(word)
    try:
        return None if number is None else float(number.digits.replace(",", ""))
    except ValueError:
        return None


def _number(word: str) -> _Number | None:
    places = [place for place, letter in enumerate(word) if letter.isdecimal()]
    if not places:
        return None
    first, end = places[0], places[-1] + 1
    return _Number(word[:first], word[first:end], word[end:])


def _without_brackets(text: str) -> list[str]:
    """The words of a text but for those in brackets that hold numbers."""
    words: list[str] = []
    rest = text
    while (begin := rest.find(" (")) >= 0 and (end := rest.find(")", begin)) >= 0:
        inside = rest[begin : end + 1]
        kept = "" if any(letter.isdecimal() for letter in inside) else inside
        words.append(rest[:begin] + kept)
        rest = rest[end + 1 :]
    text = "".join([*words, rest])
    return text.split(" ")
