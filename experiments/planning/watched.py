"""Which stretch of simulated time is watched, as ``--spans`` or ``--from`` and ``--to`` say it."""

from __future__ import annotations

from experiments.language.errors import InputError, Position, shown
from results.records.span_file import Watched
from sim.units import LARGEST, parse_duration

SPANS, FROM, TO = "--spans", "--from", "--to"


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


def watched_between(first: str | None, last: str | None) -> Watched:
    """From when to when, in ns; from the beginning or to the end where nothing is said.

    Raises:
        InputError: that is no stretch of time.
    """
    from_ns = 0 if first is None else _moment(FROM, first)
    to_ns = LARGEST if last is None else _moment(TO, last)
    if from_ns >= to_ns:
        wrong = f"{shown(last or '')}: expected more than {FROM}, {shown(first or '0s')}"
        raise InputError.at(Position(TO), wrong)
    return from_ns, to_ns


def _moment(option: str, text: str) -> int:
    try:
        return parse_duration(text.strip())
    except ValueError as error:
        raise InputError.at(Position(option), f"{shown(text)}: {error}") from None
