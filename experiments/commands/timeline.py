"""``forksim timeline``: what happened in a stretch of a run, for Perfetto and chrome://tracing."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EACCES
from importlib.metadata import version
from pathlib import Path
from typing import IO, cast

from experiments.commands.ending import DONE
from experiments.commands.finished_run import open_run
from experiments.commands.printing import note, say
from experiments.execution.simulation import watch
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.language.errors import InputError, Position
from experiments.planning.model_version import model_version
from experiments.planning.points import Point, plan
from experiments.planning.selection import having
from experiments.planning.watched import FROM, watched_between
from results.records import span_file
from results.records.record import Record
from results.records.run_folder import RunFolder
from results.records.span_file import SpanFileError, SpanHead, Watched
from results.records.store import Store
from results.records.whole_file import whole_file
from results.tables.trace_events import trace_text
from results.tables.trace_tracks import Tracks, tracks_of
from sim.machine.spans import MOST_SPANS, Span, SpanWindow
from sim.units import LARGEST

_JSON, _GZIP = ".json", ".json.gz"
_SHOWN = 8
"""Digits of a point's id that are enough to tell it; points that an error lists."""


def main(
    folder: str,
    point: str | None,
    *,
    first: str | None,
    last: str | None,
    out: str | None,
    most: int,
    file: str | None,
) -> int:
    """Write the timeline of a point of the run in ``folder``; 0.

    Raises:
        InputError: there is no such point or nothing to show, or it cannot be simulated again.
        OSError: the file cannot be written.
    """
    watched = watched_between(first, last)
    target = Path(folder) / f"timeline{_GZIP}" if out is None else Path(out)
    run = open_run(folder)
    _check(target)
    store = RunFolder(run.path).store
    chosen = _chosen(folder, point, run.records, file)
    head, spans = _spans_of(chosen, store, watched)
    until_ns = min(head.complete_to_ns, watched[1])
    if until_ns <= watched[0]:
        begins = f"{watched[0] / 1e9:.9g} s"
        raise InputError.at(Position(FROM), f"{begins}: expected less, the run is over by then")
    everything = tracks_of(spans, watched[0])
    shown = everything.within(most)
    if len(shown) > most:
        raise InputError(f"--most: {most:,}: expected at least {len(shown):,} for so many tracks")
    left_out = list(_left_out(head, shown, watched))
    about = {
        "forksim": version("forksim"),
        "run": RunFolder(run.path).read_name() or run.path.name,
        "point": chosen.id,
        "values": chosen.label,
        "repetition": "1",
        "from": f"{watched[0]} ns",
        "to": f"{until_ns} ns",
        "left out": "; ".join(left_out) or "nothing",
    }
    with _stream(target) as stream:
        for text in trace_text(shown, about):
            stream.write(text.encode("ascii"))
    for text in left_out:
        note(text)
    seconds = f"{watched[0] / 1e9:.9g} s to {until_ns / 1e9:.9g} s"
    size = f"{len(shown):,} slices and counts on {len(shown.tracks)} tracks"
    say(f"{target}: point {chosen.label}, {seconds}: {size}", err=True)
    return DONE


def _check(target: Path) -> None:
    """See that something can be written there, before it is simulated."""
    if not target.name.endswith((_JSON, _GZIP)):
        raise InputError(f"--out: {target}: expected a file ending in {_JSON} or {_GZIP}")
    if target.is_dir() or not target.parent.is_dir():
        wanted = "expected a file in a folder that is there"
        raise InputError(f"--out: {target}: {wanted}")
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(EACCES, os.strerror(EACCES), str(target))


def _chosen(folder: str, wanted: str | None, records: Sequence[Record], file: str | None) -> Point:
    """The point that is meant, ready to be simulated again."""
    if all(record.model != model_version() for record in records):
        again = "expected one of this version: run it again"
        raise InputError(f"{folder}: simulated by another version of forksim's model: {again}")
    document = load(RunFolder(Path(folder)).experiment_file)
    named_from = Path(folder) if file is None else Path(file).parent
    try:
        points = plan(document, named_from, catalogue(), any_size=True).points
    except InputError as error:
        if file is not None:
            raise
        beside = "if it names files relatively, --file says which experiment it was"
        raise InputError(f"{error}; {beside}") from None
    done = {record.id for record in records}
    found = {own.id: own for own in _meant(points, wanted)}
    if not done.intersection(found):
        what = "it" if wanted is None else wanted
        raise InputError(f"{folder}: {what}: no point that is done: expected one to look at")
    there = [own for id_, own in found.items() if id_ in done]
    if len(there) > 1:
        listed = [f"{own.id[:_SHOWN]} ({own.label})" for own in there[:_SHOWN]]
        more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        each = ", ".join(listed)
        raise InputError(f"{folder}: {len(there)} points: expected one of {each}{more}")
    return there[0]


def _meant(points: Sequence[Point], wanted: str | None) -> Sequence[Point]:
    if wanted is None:
        return points
    if "=" in wanted:
        return having(points, [wanted], "POINT")
    return [point for point in points if wanted and point.id.startswith(wanted)]


def _spans_of(point: Point, store: Store, watched: Watched) -> tuple[SpanHead, Sequence[Span]]:
    """The spans of a stretch of a point's first repetition; simulated again if nobody has them."""
    with suppress(SpanFileError):
        head, spans = span_file.read_spans(store.spans_file_of(point.id))
        if head.watched == watched or (_covers(head, watched) and not head.full):
            return head, list(_cut(spans, watched))
    say(f"simulating {point.label} again to see what happens", err=True)
    window = SpanWindow(*watched)
    watch(point, window)
    data = span_file.to_bytes(window, watched)
    with suppress(OSError):  # they are kept for the next time, and shown anyway
        store.write_spans(point.id, data)
    found = window.spans()
    return SpanHead(*watched, window.to_ns, window.full, len(found)), found


def _covers(head: SpanHead, watched: Watched) -> bool:
    return head.from_ns <= watched[0] and watched[1] <= head.to_ns


def _cut(spans: Sequence[Span], watched: Watched) -> Iterator[Span]:
    """What of spans is in a stretch of time."""
    from_ns, to_ns = watched
    for span in spans:
        start_ns, end_ns = max(span.start_ns, from_ns), min(span.end_ns, to_ns)
        if start_ns < end_ns:
            doing = span.task, span.what, span.core, span.cause
            yield Span(*doing, start_ns, end_ns, span.of, span.count)


def _left_out(head: SpanHead, shown: Tracks, watched: Watched) -> Iterator[str]:
    """What the timeline does not show, in words."""
    end = f"{head.complete_to_ns / 1e9:.9g} s"
    if head.full:
        yield f"what comes after {end}: there are more than {MOST_SPANS:,} spans"
    elif head.complete_to_ns < watched[1] < LARGEST:
        yield f"what comes after {end}: the run is over then"
    if shown.joined_ns:
        yield (
            f"{shown.told:,} slices and counts are shown as {len(shown):,}: those shorter and "
            f"closer together than {shown.joined_ns / 1000:.6g} us are joined (see --most)"
        )


@contextmanager
def _stream(target: Path) -> Iterator[IO[bytes]]:
    """A stream into the file, compressed if its name says so: the same bytes every time."""
    with whole_file(target) as raw:
        if target.name.endswith(_GZIP):
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                yield cast(IO[bytes], packed)
        else:
            yield raw
