"""``--set workload.dataset=2GiB``: values from the command line put over those of the file."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.document import Document, parse, route_of
from experiments.errors import InputError, Position

OPTION = "--set"


def override(document: Document, settings: Sequence[str]) -> Document:
    """A copy of ``document`` with every ``path=value`` of ``settings`` assigned in turn.

    A value is read as YAML, so ``sweep=[]`` and ``fork={kind: huge}`` work. A later error about
    such a value names the option as the file and its ordinal as the line.

    Raises:
        InputError: a setting is no ``path=value``, its value no YAML, or its path leads nowhere.
    """
    changed = document.copy()
    for ordinal, setting in enumerate(settings, 1):
        start = Position(OPTION, ordinal)
        path, equals, text = setting.partition("=")
        if not equals or not all(part.strip() for part in path.split(".")):
            raise InputError.at(start, f"{setting!r}: expected a.b=value")
        value = parse(text, Position(OPTION, ordinal, len(path) + 2))
        changed.assign(route_of(path), value, start)
    return changed
