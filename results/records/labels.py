"""What tells the points of a run apart: the fields in which their configurations differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from results.records.record import Record


def labels_of(records: Sequence[Record]) -> list[dict[str, str]]:
    """Per record, every field in which the configurations differ, as text by dotted path."""
    differing = _differing(records)
    return [{path: text_of(record.at(path)) for path in differing} for record in records]


def _differing(records: Sequence[Record]) -> list[str]:
    leaves = [dict(leaves_of(record.config)) for record in records]
    paths = dict.fromkeys(path for found in leaves for path in found)
    return [path for path in paths if len({text_of(found.get(path)) for found in leaves}) > 1]


def leaves_of(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a configuration that is no mapping, by its dotted path, sorted."""
    for key in sorted(config):
        value = config[key]
        if isinstance(value, Mapping):
            yield from leaves_of(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def text_of(value: Any) -> str:
    """A value of a configuration as a table has it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
