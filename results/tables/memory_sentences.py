"""How much memory to buy, in a sentence, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from results.metrics import formatting
from results.metrics.memory_needs import MemoryNeed, memory_needs
from results.records.fork_labels import with_whole_forks
from results.records.record import Record

_FEW = 4
"""Of more points only the one is told that needs most."""


def memory_sentences(
    records: Sequence[Record], labels: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    """What each of a few points needs; of many, the one that needs most, and the one least.

    Only of programs whose forks cost any memory.

    Args:
        records: one per point.
        labels: what tells them apart.
    """
    needs = [
        (_name(label, need), need)
        for record, label in zip(records, with_whole_forks(labels), strict=True)
        for need in memory_needs(record)
        if need.copied_bytes or need.at_least
    ]
    if len(needs) <= _FEW:
        yield from (sentence(name, need) for name, need in needs)
        return
    ordered = sorted(needs, key=lambda one: one[1].peak_bytes)
    for which, (name, need) in (("least", ordered[0]), ("most", ordered[-1])):
        yield f"{which} memory of {len(needs)}: {sentence(name, need)}"


def _name(label: Mapping[str, str], need: MemoryNeed) -> str:
    return " ".join([*label.values(), *([need.program] if need.program else [])])


def sentence(name: str, need: MemoryNeed) -> str:
    """``classic: needs 43.1 GiB at 30 GiB: 13 GiB copied, 120 MiB page tables``."""
    peak, own, copied, tables = map(
        formatting.size, (need.peak_bytes, need.own_bytes, need.copied_bytes, need.table_bytes)
    )
    begin = f"{name}: " if name else ""
    at_least = "at least " if need.at_least else ""
    end = "; the run ended before a child did" if need.at_least else ""
    return f"{begin}needs {at_least}{peak} at {own}: {copied} copied, {tables} page tables{end}"


def to_json(need: MemoryNeed) -> dict[str, Any]:
    """Plain data, in bytes."""
    return {
        **({} if need.program is None else {"program": need.program}),
        "peak": need.peak_bytes,
        "own": need.own_bytes,
        "copied": need.copied_bytes,
        "tables": need.table_bytes,
        "at_least": need.at_least,
        "processes": [
            {"process": one.number, "resident": one.resident_bytes, "tables": one.table_bytes}
            for one in need.processes
        ],
    }
