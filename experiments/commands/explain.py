"""``forksim explain``: what a fork does and costs, step by step; what a program takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.commands.explained_program import explain_program
from experiments.commands.printing import Output, print_json, tell
from experiments.forks.fork_choice import ForkChoice, one_fork
from experiments.forks.in_words import told
from experiments.forks.steps import MANY, SchemeStep, steps_of
from experiments.forks.trial import Observation
from experiments.language.catalogue import catalogue, first_line
from experiments.language.errors import InputError, Position, shown, suggestion
from results.metrics import formatting
from results.tables.grid import Grid, print_grid

_HEADINGS = ("step", "in runs", "scattered", "locks", "what is done")
_WORDS = (3, 4)


def main(name: str, settings: tuple[str, ...], profile: str | None, *, as_json: bool) -> int:
    """Explain the fork or the program of a name; 0.

    Raises:
        InputError: there is nothing of that name, or an option is wrong.
    """
    known = catalogue()
    if name in known.schemes:
        return _explain_fork(one_fork(name, profile, settings, known), as_json=as_json)
    if name not in known.workloads:
        wrong = f"{shown(name)}{suggestion(name, (*known.schemes, *known.workloads))}"
        raise InputError.at(Position("NAME"), wrong)
    for option, given in (("--set", settings), ("--profile", profile)):
        if given:
            raise InputError.at(Position(option), f"{name} is a program: expected a fork")
    return explain_program(known.workloads[name], as_json=as_json)


def _explain_fork(choice: ForkChoice, *, as_json: bool) -> int:
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
