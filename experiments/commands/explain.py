"""``forksim explain``: what a fork scheme does, step by step, and what each step costs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from experiments.commands.printing import Output
from experiments.forks.asked import Asked, one_fork
from experiments.forks.in_words import told
from experiments.forks.steps import Told, steps_of
from experiments.forks.trial import Seen
from experiments.language.catalogue import catalogue, first_line
from results.metrics import formatting
from results.tables.grid import print_grid

JSON_VERSION = 1

_HEADINGS = ("step", "in runs", "scattered", "locks", "what is done")


def main(scheme: str, settings: tuple[str, ...], profile: str | None, *, as_json: bool) -> int:
    """Explain the scheme of a name; 0."""
    asked = one_fork(scheme, profile, settings, catalogue())
    steps = list(steps_of(asked.scheme))
    if as_json:
        click.echo(json.dumps({"forksim": JSON_VERSION, **_object(asked, steps)}))
        return 0
    words = asked.scheme.words
    click.echo(f"{asked.label}: {first_line(type(asked.scheme))}.")
    click.echo(f"  shared: {words.shared}")
    click.echo(f"  who pays: {words.payer}")
    click.echo(f"  locks: {words.locks}")
    click.echo(f"  what breaks: {words.breaks}")
    left = [_HEADINGS[0], *_HEADINGS[-2:]]
    print_grid(_HEADINGS, list(_rows(steps)), Output(), left=left, wraps=True)
    flush = formatting.duration(asked.scheme.costs.tlb_shootdown_ns)
    click.echo(
        f"note: times on {asked.profile.name} of one thread that nobody disturbs, with page frames "
        "in contiguous runs and with scattered ones; where other cores flush, each that runs the "
        f"process adds {flush}"
    )
    return 0


def _rows(steps: Sequence[Told]) -> Iterator[list[str]]:
    part = ""
    for step in steps:
        if step.part != part:
            part = step.part
            yield [part, *[""] * (len(_HEADINGS) - 1)]
        times = (formatting.duration(seen.ns) for seen in (step.runs, step.scattered))
        yield [f"  {step.what}", *times, ", ".join(step.runs.locks), told(step.runs)]


def _object(asked: Asked, steps: Sequence[Told]) -> dict[str, Any]:
    words = asked.scheme.words
    return {
        "fork": dict(asked.written),
        "machine": asked.profile.name,
        "words": vars(words),
        "steps": [
            {
                "part": step.part,
                "step": step.what,
                "runs": _seen(step.runs),
                "scattered": _seen(step.scattered),
            }
            for step in steps
        ],
    }


def _seen(seen: Seen) -> dict[str, Any]:
    counts = {name: count for name, count in seen.counts.as_dict().items() if count}
    locks = list(seen.locks)
    return {"ns": seen.ns, "counts": counts, "locks": locks, "flushes": seen.flushes}
