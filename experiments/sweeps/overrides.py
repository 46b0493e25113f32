"""``--set workload.dataset=2GiB``: values from the command line put over those of the file."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.language.document import Document, Route, dotted, parse, route_of
from experiments.language.errors import InputError, Position, shown
from experiments.sweeps.sweep import swept_fields

OPTION = "--set"


def override(document: Document, settings: Sequence[str]) -> Document:
    """A copy of ``document`` with every ``path=value`` of ``settings`` assigned in turn.

    A value is read as YAML, so ``sweep=[]`` and ``fork={kind: huge}`` work. A later error about
    such a value names the option as the file and its ordinal as the line.

    Raises:
        InputError: a setting is no ``path=value``, its value no YAML, its path leads nowhere, or
            a sweep replaces its value in every point.
    """
    changed = document.copy()
    settled: list[tuple[Position, Route, Document]] = []
    for ordinal, setting in enumerate(settings, 1):
        start = Position(OPTION, ordinal)
        path, equals, text = setting.partition("=")
        if not equals or not all(part.strip() for part in path.split(".")):
            raise InputError.at(start, f"{shown(setting)}: expected a.b=value")
        route = route_of(path)
        value = parse(text, Position(OPTION, ordinal, len(path) + 2), route)
        changed.assign(route, value, start)
        settled.append((start, route, value))
    swept = swept_fields(changed)
    for start, route, value in settled:
        for field in swept:
            size = min(len(route), len(field))
            if route[:size] == field[:size] and field[size:] in value.values:
                wrong = f"{dotted(field)} is swept"
                expected = "expected a field that no sweep sets, or --set sweep=[]"
                raise InputError.at(start, f"{wrong}: {expected}")
    return changed
