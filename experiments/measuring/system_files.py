"""Small files of /proc and /sys, none of which need be there."""

from __future__ import annotations

from pathlib import Path


def text_of(file: Path) -> str | None:
    """What a file says, without spaces around it; None if it cannot be read."""
    try:
        return file.read_bytes().decode("utf-8", "replace").strip()
    except (OSError, ValueError):  # a name out of another file may be none
        return None


def number_in(file: Path) -> int | None:
    """A file's whole number, or None."""
    text = text_of(file)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def chosen(text: str | None) -> str | None:
    """Of ``always [madvise] never`` the word in brackets; a text without brackets as it is."""
    if text is None or "[" not in text:
        return text
    return text.partition("[")[2].partition("]")[0]


def fields_of(text: str | None) -> dict[str, str]:
    """Lines as ``MemTotal:  16 kB`` by their names; of equal names the first."""
    fields: dict[str, str] = {}
    for line in (text or "").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), value.strip())
    return fields


def kib_as_bytes(value: str | None) -> int | None:
    """Bytes of ``16 kB``, as /proc/meminfo writes it."""
    number = (value or "").split(" ")[0]
    return int(number) * 1024 if number.isdecimal() else None


def as_size(text: str | None) -> int | None:
    """Bytes of ``32768K`` or ``32M``, as caches say them."""
    digits, unit = (text[:-1], text[-1]) if text else ("", "")
    scale = {"K": 2**10, "M": 2**20, "G": 2**30}.get(unit)
    return int(digits) * scale if scale and digits.isdecimal() else None


def listed(text: str | None) -> tuple[int, ...] | None:
    """Numbers of a list as ``0-3,8``; None if it is none."""
    numbers: list[int] = []
    try:
        for part in (text or "").split(","):
            first, dash, last = part.partition("-")
            numbers += range(int(first), int(last if dash else first) + 1)
    except ValueError:
        return None
    return tuple(numbers)
