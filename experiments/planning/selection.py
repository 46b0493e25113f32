"""Some points of an experiment: those that have a value, those that are first to be done."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from experiments.language.amounts import same
from experiments.language.document import Data, parse
from experiments.language.errors import InputError, Position, shown, suggestion
from experiments.planning.points import Point

ONLY = "--only"


def having(
    points: Sequence[Point], wanted: Sequence[str], said_as: str = ONLY
) -> tuple[Point, ...]:
    """The points whose fields have the wanted values.

    Args:
        points: of an experiment.
        wanted: ``path=value``, the value as the sweep or, in base units, the configuration has
            it; of several for one path a point needs to have one.
        said_as: the option or argument that says it.

    Raises:
        InputError: no point has such a field, or all of it together.
    """
    if not wanted:
        return tuple(points)
    by_path: dict[str, list[Data]] = {}
    for ordinal, text in enumerate(wanted, 1):
        start = Position(said_as, ordinal)
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise InputError.at(start, f"{text!r}: expected a.b=value")
        swept = dict.fromkeys(name for point in points for name in point.swept)
        if path not in swept and all(point.at(path) is None for point in points):
            wrong = f"{path}: not in any point{suggestion(path, swept) if swept else ''}"
            raise InputError.at(start, wrong)
        data = parse(value, Position(said_as, ordinal, len(path) + 2)).data
        if not any(_has(point, path, [data]) for point in points):
            raise InputError.at(start, f"{path}: {shown(data)}: expected a value of some point")
        by_path.setdefault(path, []).append(data)
    found = tuple(
        point for point in points if all(_has(point, path, v) for path, v in by_path.items())
    )
    if not found:
        raise InputError.at(Position(said_as), "no point has all of it: expected one at least")
    return found


def first_missing(
    points: Sequence[Point], done: Collection[str], limit: int | None
) -> tuple[Point, ...]:
    """The points that are done and the first ``limit`` others; all of them without a limit.

    Args:
        points: in their order.
        done: ids of those that have a record.
        limit: how many ids to add at most.
    """
    if limit is None:
        return tuple(points)
    missing = dict.fromkeys(point.id for point in points if point.id not in done)
    kept = {*done, *list(missing)[:limit]}
    return tuple(point for point in points if point.id in kept)


def _has(point: Point, path: str, values: Sequence[Data]) -> bool:
    written = _written(point, path)
    return any(
        same(point.at(path), value) or (written is not None and same(written, value))
        for value in values
    )


def _written(point: Point, path: str) -> Data:
    text = point.swept.get(path)
    if text is None:
        return None
    try:
        return json.loads(text)  # as which everything but text is written there
    except ValueError:
        return text
