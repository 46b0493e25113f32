"""The formats of figures that a command is asked for."""

from __future__ import annotations

from experiments.language.errors import InputError, Position, suggestion
from results.figures.formats import FORMATS

_NONE = "none"


def figure_formats(asked: str | None) -> list[str]:
    """Those in ``png,svg``; none of ``none``; all if nothing was asked for.

    Raises:
        InputError: there is no such format.
    """
    if asked is None:
        return list(FORMATS)
    if asked.strip() == _NONE:
        return []
    formats: dict[str, None] = {}
    column = 1
    for part in asked.split(","):
        ending = part.strip()
        if ending not in FORMATS:
            known = suggestion(ending, (*FORMATS, _NONE))
            raise InputError.at(Position("--figures", 1, column), f"{ending!r}{known}")
        formats[ending] = None
        column += len(part) + 1
    return list(formats)
