"""The short names of metrics, as tables head their columns and people ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_UNITS = ("_ns", "_per_s", "_bytes_peak")
_ASKED_UNITS = re.compile(r"_(?:ns|us|ms|s|per_s|bytes)$")


def short(name: str) -> str:
    """A metric's name without what goes without saying: ``p99`` for ``latency_p99_ns``."""
    name = name.removeprefix("latency_").removeprefix("faults/")
    if name.startswith("fork_ns/"):
        return f"fork_{name.removeprefix('fork_ns/')}"
    for unit in _UNITS:
        name = name.removesuffix(unit)
    return name


def heading(name: str) -> str:
    """The short name as words: ``fork mean``."""
    return short(name).replace("_", " ")


def resolve(asked: str, known: Iterable[str]) -> str | None:
    """The full name of the metric that is ``asked`` for, or None if none of ``known`` is meant.

    A full name means itself; otherwise the short name counts, with or without a unit (``p99``,
    ``p99_ms``, ``fork_mean``, ``throughput``).
    """
    known = list(known)
    if asked in known:
        return asked
    by_short: dict[str, str] = {}
    for name in known:
        by_short.setdefault(short(name), name)
    return by_short.get(asked) or by_short.get(_ASKED_UNITS.sub("", asked))
