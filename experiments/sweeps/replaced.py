"""What a sweep puts its values over: no point has it, and it must be right all the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from experiments.language.document import Data, Document, Route


def replaced_part(base: Document, fields: Iterable[Route]) -> Document:
    """The part of an experiment that a sweep may replace, in its place.

    Beside it stand the kinds of the mappings that it is in, which say what may be there; a mapping
    whose own kind is swept is there as a whole, as is a list that a field is in.

    Args:
        base: the experiment without its sweep.
        fields: the ways to what is swept.
    """
    data: dict[str, Data] = {}
    for field in fields:
        _keep(base.data, data, field)
    return Document(data, base.values, base.keys)


def _keep(whole: Mapping[str, Any], part: dict[str, Data], field: Route) -> None:
    """Put the value at the end of the way into the part, if there is one."""
    step, *rest = field
    key = str(step)
    if field == ("kind",):
        part |= whole
    if key not in whole:
        return
    below = whole[key]
    if not rest or not isinstance(below, dict):
        part[key] = below
        return
    if key not in part:
        part[key] = {"kind": below["kind"]} if "kind" in below else {}
    # What another field has put there may be the experiment's own, which is never changed.
    part[key] = dict(part[key])
    _keep(below, part[key], tuple(rest))
