"""What was run, in small print below a figure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from matplotlib.figure import Figure

from results.records.record import Record

POINTS = 6.5
"""Of its letters: on the widest figure still seven pixels at a width of 400."""

_LETTER_IN = 0.0525
_LINE_IN = 0.115
_MOST_NAMED = 3
"""More different values than these are told by the first and the last."""


def caption_of(records: Sequence[Record], name: str = "") -> str:
    """The experiment, its program, machine, seed, repetitions and version, in a line.

    Args:
        records: what is drawn.
        name: of the experiment; empty if it is not known.
    """
    parts = [
        _programs(records),
        _values(record.at("machine.profile") for record in records),
        _told(_values(record.at("machine.cores") for record in records), "core"),
        _named("seed", _values(record.at("seed") for record in records)),
        _told(_values(len(record.repetitions) for record in records), "repetition"),
        _named("forksim", _values(_version(record) for record in records)),
    ]
    return ": ".join(filter(None, (name, ", ".join(filter(None, parts)))))


def put(figure: Figure, text: str) -> None:
    """Write ``text`` below all panels, as many lines as it needs, and make room for them."""
    if not text:
        return
    lines = textwrap.wrap(text, max(20, int(figure.get_figwidth() / _LETTER_IN)))
    height_in = figure.get_figheight()
    room_in = _LINE_IN * len(lines) + 0.05
    figure.set_figheight(height_in + room_in)
    if figure.get_layout_engine() is None:
        share = height_in / (height_in + room_in)
        for axes in figure.axes:
            place = axes.get_position()
            bottom = 1 - share + share * place.y0
            axes.set_position((place.x0, bottom, place.width, share * place.height))
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=POINTS, color="#555555")


def _programs(records: Sequence[Record]) -> str:
    kinds: dict[str, None] = {}
    for record in records:
        programs = record.at("workload.programs", {})
        names = list(programs) if isinstance(programs, Mapping) else []
        ways = ["workload.kind", *(f"workload.programs.{name}.kind" for name in names)]
        found = (record.at(way) for way in ways)
        kinds.update(dict.fromkeys(str(kind) for kind in found if kind is not None))
    return " and ".join(kinds)


def _version(record: Record) -> object:
    versions = record.provenance.get("versions")
    return versions.get("forksim") if isinstance(versions, Mapping) else None


def _values(found: Iterable[object]) -> str:
    """The different values: ``16``, ``1, 2``, ``1 to 64``."""
    known = list(dict.fromkeys(str(value) for value in found if value is not None))
    if len(known) > _MOST_NAMED:
        return f"{known[0]} to {known[-1]}"
    return ", ".join(known)


def _told(number: str, what: str) -> str:
    return f"{number} {what}{'' if number == '1' else 's'}" if number else ""


def _named(what: str, value: str) -> str:
    return f"{what} {value}" if value else ""
