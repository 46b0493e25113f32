"""``forksim explain``: what a fork scheme does, step by step, and what each step costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.commands.printing import Output, print_json, tell
from experiments.forks.fork_choice import ForkChoice, one_fork
from experiments.forks.in_words import told
from experiments.forks.steps import MANY, SchemeStep, steps_of
from experiments.forks.trial import Observation
from experiments.language.catalogue import catalogue, first_line
from results.metrics import formatting
from results.tables.grid import Grid, print_grid

_HEADINGS = ("step", "in runs", "scattered", "locks", "what is done")
_WORDS = (3, 4)


def main(scheme: str, settings: tuple[str, ...], profile: str | None, *, as_json: bool) -> int:
    """Explain the scheme of a name; 0."""
    choice = one_fork(scheme, profile, settings, catalogue())
    steps = list(steps_of(choice.scheme))
    if as_json:
        print_json(_object(choice, steps))
        return 0
    words = choice.scheme.words
    tell(f"{choice.label}: {first_line(type(choice.scheme))}.")
    tell(f"  shared: {words.shared}")
    tell(f"  who pays: {words.payer}")
    tell(f"  locks: {words.locks}")
    tell(f"  what breaks: {words.breaks}")
    tell("")
    print_grid(Grid([_HEADINGS, *_rows(steps)], words=_WORDS), Output())
    flush = formatting.duration(choice.scheme.costs.tlb_shootdown_ns)
    tell("")
    tell(
        f"note: times on {choice.profile.name} of one thread that nobody disturbs, with page "
        "frames in contiguous runs and with scattered ones; where other cores flush, each that "
        f"runs the process adds {flush}; faults are seen below the tables of an area of 4 MiB, and "
        f"what each table or area adds is the mean of {MANY} after the first, or after as many as "
        "it says"
    )
    return 0


def _rows(steps: Sequence[SchemeStep]) -> Iterator[list[str]]:
    part = ""
    for step in steps:
        if step.part != part:
            part = step.part
            yield [part, *[""] * (len(_HEADINGS) - 1)]
        beyond = step.runs.beyond
        what = f"{step.what}, beyond {beyond}" if beyond > 1 else step.what
        times = (formatting.duration(observation.ns) for observation in (step.runs, step.scattered))
        yield [f"  {what}", *times, ", ".join(step.runs.locks), told(step.runs)]


def _object(choice: ForkChoice, steps: Sequence[SchemeStep]) -> dict[str, Any]:
    words = choice.scheme.words
    return {
        "fork": dict(choice.written),
        "machine": choice.profile.name,
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


def _seen(observation: Observation) -> dict[str, Any]:
    counts = {name: count for name, count in observation.counts.as_dict().items() if count}
    locks = list(observation.locks)
    seen = {"ns": observation.ns, "counts": counts, "locks": locks, "flushes": observation.flushes}
    return {**seen, "beyond": observation.beyond} if observation.beyond else seen
