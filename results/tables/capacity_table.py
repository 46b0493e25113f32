"""Up to where a field meets limits: a table for terminals and files, sentences, JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console

from results.metrics import formatting
from results.metrics.capacity import Capacity, CapacityLine, Found, Probe, Wanted
from results.metrics.limits import MetricLimit, Verdict
from results.metrics.memory_needs import MemoryNeed, memory_needs
from results.tables.cells import NOTHING
from results.tables.csv_text import csv_text
from results.tables.grid import Grid, print_grid
from results.tables.memory_sentences import sentence
from results.tables.memory_sentences import to_json as need_to_json
from results.tables.words import print_words


def print_capacity(capacity: Capacity, console: Console) -> None:
    """Print a row for each line, and what is to be said of some in words."""
    leading = list(dict.fromkeys(path for line in capacity.lines for path in line.label))
    headings = [*leading, *_headings(capacity)]
    rows = [
        [*(line.label.get(path, NOTHING) for path in leading), *_cells(line, capacity.limits)]
        for line in capacity.lines
    ]
    print_grid(Grid([headings, *rows], names=len(leading)), console)
    console.print()
    for text in sentences(capacity):
        print_words(text, console)


def _headings(capacity: Capacity) -> list[str]:
    wanted = {line.found.wanted for line in capacity.lines if line.found}
    which = wanted.pop().value if len(wanted) == 1 else "last"
    path = capacity.field
    name = path.rpartition(".")[2].replace("_", " ")
    metrics = [limit.metric.heading for limit in capacity.limits]
    return [f"{which} {name}", *metrics, "misses", *metrics, "tried"]


def _cells(line: CapacityLine, limits: Sequence[MetricLimit]) -> list[str]:
    if line.found is None:
        return ["failed", *[NOTHING] * (2 * len(limits) + 2)]
    found = line.found
    cells = []
    for probe, missing in ((found.best, "none"), (found.beyond, "none tried")):
        cells.append(missing if probe is None else str(probe.value.data))
        cells += [_value(probe, limit) for limit in limits]
    return [*cells, str(len(found.probes))]


def _value(probe: Probe | None, limit: MetricLimit) -> str:
    """The worst of its programs; where it misses the limit it is marked."""
    verdict = None if probe is None else worst(probe, limit)
    if verdict is None:
        return NOTHING
    text = formatting.of_metric(limit.metric, verdict.summary.mean)
    text = f"at least {text}" if verdict.summary.at_least else text
    return text if verdict.met else f"{text} !"


def worst(probe: Probe, limit: MetricLimit) -> Verdict | None:
    """The verdict on the program that is farthest from meeting a limit; None if none has it."""
    own = [verdict for verdict in probe.verdicts if verdict.limit == limit]
    sign = -1 if limit.at_least else 1
    return max(own, key=lambda v: (not v.met, sign * v.summary.mean), default=None)


def sentences(capacity: Capacity) -> Iterator[str]:
    """What is to be said of each line besides the table."""
    words = " and ".join(limit.words for limit in capacity.limits)
    for line in capacity.lines:
        begin = f"{line.name}: " if line.name else ""
        for text in _of_line(line, capacity.field, words):
            yield f"{begin}{text}"
        for program, need in _needs(line):
            whose = " ".join(filter(None, [line.name, program]))
            yield f"{whose}: {sentence(need)}"


def _needs(line: CapacityLine) -> list[tuple[str | None, MemoryNeed]]:
    """The memory that the answer takes, by program."""
    best = line.found.best if line.found else None
    return [] if best is None or best.record is None else memory_needs(best.record)


def _of_line(line: CapacityLine, field: str, words: str) -> Iterator[str]:
    found = line.found
    if found is None:
        yield f"no answer, a point failed: {line.failure}"
        return
    if found.best is None and found.beyond is not None:
        yield f"even {field}={found.beyond.value.data} misses: {words}"
    elif found.beyond is None and found.best is not None:
        behind = ", the last value that the field takes" if found.refused else ""
        yield f"{found.best.value.data} still meets {words}{behind}: the answer is a bound"
    yield from _interval(found)
    for one, other in found.contradictions[:1]:
        yield (
            f"warning: not monotone: {one.value.data} misses and {other.value.data} meets, so "
            "there may be other answers"
        )
    yield from _open(found)


def _interval(found: Found) -> Iterator[str]:
    if found.interval is None:
        return
    meet, miss = found.interval
    first = f"all repetitions meet up to {meet.value.data}" if meet else "no value meets in all"
    last = f"all miss from {miss.value.data}" if miss else "none misses in all"
    if found.wanted is Wanted.SMALLEST:
        first, last = first.replace("up to", "down to"), last.replace("from", "below")
    yield f"repetitions differ: {first}, {last}"


def _open(found: Found) -> Iterator[str]:
    """Where a limit was not missed, but not shown to be met either."""
    if found.beyond is not None and any(
        not verdict.met and verdict.limit.holds(verdict.summary.mean)
        for verdict in found.beyond.verdicts
    ):
        yield (
            f"{found.beyond.value.data} is not shown to meet: the run ended before a child did, "
            "or a program was killed"
        )


def to_csv(capacity: Capacity) -> str:
    """Every value that was tried, in base units, by line; metrics of the worst program."""
    leading = list(dict.fromkeys(path for line in capacity.lines for path in line.label))
    metrics = [limit.metric.name for limit in capacity.limits]
    rows: list[list[object]] = [[*leading, capacity.field, *metrics, "met", "answer", "id"]]
    for line in capacity.lines:
        for probe in _tried(line):
            found = [worst(probe, limit) for limit in capacity.limits]
            values = ["" if verdict is None else verdict.summary.mean for verdict in found]
            is_answer = line.found is not None and probe is line.found.best
            of_line = [line.label.get(path, "") for path in leading]
            id_ = probe.record.id if probe.record is not None else ""
            rows.append([*of_line, probe.value.amount, *values, probe.met, is_answer, id_])
    return csv_text(rows)


def _tried(line: CapacityLine) -> list[Probe]:
    probes = line.found.probes if line.found else []
    return sorted(probes, key=lambda probe: probe.value.amount)


def to_json(capacity: Capacity) -> dict[str, Any]:
    """Plain data; amounts in base units beside the values as they can be typed."""
    return {
        "field": capacity.field,
        "limits": [
            {
                "metric": limit.metric.name,
                "at_least" if limit.at_least else "at_most": limit.bound,
            }
            for limit in capacity.limits
        ],
        "lines": [_line_json(line) for line in capacity.lines],
        "said": list(sentences(capacity)),
    }


def _line_json(line: CapacityLine) -> dict[str, Any]:
    found = line.found
    if found is None:
        return {"fields": dict(line.label), "failure": line.failure}
    interval = found.interval
    return {
        "fields": dict(line.label),
        "wanted": found.wanted.value,
        "best": _value_json(found.best),
        "beyond": _value_json(found.beyond),
        "interval": None if interval is None else [_value_json(end) for end in interval],
        "memory": [{"program": program, **need_to_json(need)} for program, need in _needs(line)],
        "monotone": not found.contradictions,
        "tried": [
            {
                **(_value_json(probe) or {}),
                "met": probe.met,
                "repetitions_met": list(probe.each),
                "metrics": {
                    verdict.limit.metric.name: verdict.summary.mean for verdict in probe.verdicts
                },
            }
            for probe in _tried(line)
        ],
    }


def _value_json(probe: Probe | None) -> dict[str, Any] | None:
    if probe is None:
        return None
    return {"value": probe.value.data, "amount": probe.value.amount}
