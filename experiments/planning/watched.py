"""Which stretch of simulated time is watched, as ``--spans`` says it."""

from __future__ import annotations

from experiments.language.errors import InputError, Position, shown
from results.records.span_file import Watched
from sim.units import parse_duration

SPANS = "--spans"


def watched_time(text: str) -> Watched:
    """From when to when, in ns, of ``9.9s..10.3s``.

    Raises:
        InputError: that is no stretch of time.
    """
    start = Position(SPANS)
    first, dots, last = text.partition("..")
    if not dots:
        raise InputError.at(start, f"{shown(text)}: expected FROM..TO, such as 9.9s..10.3s")
    try:
        from_ns, to_ns = parse_duration(first.strip()), parse_duration(last.strip())
    except ValueError as error:
        raise InputError.at(start, f"{shown(text)}: {error}") from None
    if from_ns >= to_ns:
        raise InputError.at(start, f"{shown(text)}: expected it to end after it begins")
    return from_ns, to_ns
