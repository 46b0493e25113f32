"""What a fork scheme does, step by step: each step is a small scene that is really played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from experiments.forks.trial import Observation, Trial
from models.memory.areas import PAGES_PER_SLOT, Refusal
from models.schemes.base import Scheme

MANY = 16
"""How many more tables or areas the price of one is averaged over."""
BEYOND = (1, 16, 256, 4096)
"""So many are there before: the first number beyond which all that are added cost alike."""
ELSEWHERE = PAGES_PER_SLOT // 2
"""A page far from the first one below the same table."""

Stage: TypeAlias = Callable[[], Trial]
"""Gives a process without memory."""
Scene: TypeAlias = Callable[[Stage], Observation]


@dataclass(frozen=True)
class StepScene:
    """A step in words, and how to see it.

    Attributes:
        part: of the life of a fork.
        what: happens.
        scene: plays it.
        of_borrowers: it makes sense for a child that runs in its parent's memory.
        only_if: it is told only where something is done in this scene.
    """

    part: str
    what: str
    scene: Scene
    of_borrowers: bool = False
    only_if: Scene | None = None


@dataclass(frozen=True)
class SchemeStep:
    """A step of a scheme.

    Attributes:
        part: as `StepScene`.
        what: as `StepScene`.
        runs: what it does when all frames lie in contiguous runs.
        scattered: the same when all lie scattered.
    """

    part: str
    what: str
    runs: Observation
    scattered: Observation


def steps_of(scheme: Scheme) -> Iterator[SchemeStep]:
    """What a scheme does, in the order of a fork's life."""
    for step in STEPS:
        if not (scheme.isolates or step.of_borrowers):
            continue
        runs, scattered = (partial(Trial, scheme, scattered=layout) for layout in (False, True))
        try:
            if step.only_if is None or step.only_if(runs).anything:
                yield SchemeStep(step.part, step.what, step.scene(runs), step.scene(scattered))
        except Refusal:
            continue  # pages of a pool are not cut, or it has too few of them


def _each(prepare: Callable[[Trial, int], Trial], act: Callable[[Trial], Observation]) -> Scene:
    """The scene in which `act` is done to things that were prepared and to `MANY` more.

    A scheme may do one thing up to some number and another beyond it: what is averaged lies on one
    side, where the first half of what is added does as the second.
    """

    def scene(stage: Stage) -> Observation:
        for beyond in BEYOND:
            numbers = (beyond, beyond + MANY // 2, beyond + MANY)
            few, some, more = (act(prepare(stage(), number)) for number in numbers)
            if some.did_besides(few) == more.did_besides(some):
                break
        return Observation.each(few, more, MANY, beyond)

    return scene


def _area_without_memory(stage: Stage) -> Observation:
    return _each(lambda trial, n: trial.with_areas(n, PAGES_PER_SLOT, written=0), Trial.fork)(stage)


def _start(stage: Stage) -> Observation:
    return stage().with_tables(1).forked(start=False).start()


def _forked_again(trial: Trial) -> Observation:
    trial.fork()
    trial.exit()
    return trial.fork()


def _exit_of_writer(trial: Trial) -> Observation:
    trial.fork()
    vma = trial.parent.vmas[0]
    trial.writes(trial.child, np.arange(vma.start_page, vma.end_page))
    return trial.exit()


def _exit(trial: Trial) -> Observation:
    return trial.forked().exit()


def _after(trial: Trial, *pages: int) -> Trial:
    """The trial after the parent has written pages, one fault after the other."""
    for page in pages:
        trial.writes(trial.parent, page)
    return trial


def _two(stage: Stage, *, start: bool = True) -> Trial:
    """Two tables that a parent and its child, alive, have in common."""
    return stage().with_tables(2).forked(start=start)


def _left(stage: Stage) -> Trial:
    """The same after the child has exited."""
    trial = _two(stage)
    trial.exit()
    return trial


def _with_hole(stage: Stage) -> Trial:
    return stage().with_tables(2, present=PAGES_PER_SLOT - 1).forked()


def _written_by_child(stage: Stage, page: int) -> Observation:
    trial = _after(_two(stage), 0)
    return trial.writes(trial.child, page)


def _read_by_child(trial: Trial, page: int) -> Observation:
    return trial.reads(trial.child, page)


def _written_by_parent(trial: Trial, page: int) -> Observation:
    return trial.writes(trial.parent, page)


def _unmapped(trial: Trial, start_page: int, n_pages: int) -> Observation:
    return trial.does(trial.scheme.unmap(trial.parent, start_page, n_pages), trial.parent)


def _protected(trial: Trial) -> Observation:
    return trial.does(
        trial.scheme.protect(trial.parent, 0, PAGES_PER_SLOT, writable=False), trial.parent
    )


def _discarded(trial: Trial) -> Observation:
    return trial.does(trial.scheme.discard(trial.parent, 0, 1), trial.parent)


_HALF = PAGES_PER_SLOT // 2
FORK, START, FAULTS, ALONE, LEAVING, CHANGES = (
    "fork",
    "the child starts",
    "while the child lives",
    "after a child that wrote nothing",
    "the child leaves",
    "the parent changes its memory while the child lives",
)

STEPS = (
    StepScene(FORK, "of a process without memory", lambda stage: stage().fork(), of_borrowers=True),
    StepScene(
        FORK,
        "each area never written",
        _area_without_memory,
        of_borrowers=True,
        only_if=_area_without_memory,
    ),
    StepScene(
        FORK,
        "each table of 512 pages just written",
        _each(lambda trial, n: trial.with_tables(n), Trial.fork),
        of_borrowers=True,
    ),
    StepScene(
        FORK,
        "each such table not written since a fork",
        _each(lambda trial, n: trial.with_tables(n), _forked_again),
    ),
    StepScene(
        FORK,
        "each area of 1 MiB, half a table",
        _each(lambda trial, n: trial.with_areas(n, _HALF, written=_HALF), Trial.fork),
    ),
    StepScene(START, "with one table, before it runs", _start, only_if=_start),
    StepScene(
        START,
        "each further table",
        _each(lambda trial, n: trial.with_tables(n).forked(start=False), Trial.start),
        only_if=_start,
    ),
    StepScene(
        START,
        "the parent writes below a table before that",
        lambda stage: _written_by_parent(_two(stage, start=False), 0),
        only_if=_start,
    ),
    StepScene(
        FAULTS,
        "the parent's first write below a table",
        lambda stage: _written_by_parent(_two(stage), 0),
    ),
    StepScene(
        FAULTS,
        "its next write below it",
        lambda stage: _written_by_parent(_after(_two(stage), 0), ELSEWHERE),
    ),
    StepScene(
        FAULTS,
        "and that to the page after",
        lambda stage: _written_by_parent(_after(_two(stage), 0, ELSEWHERE), ELSEWHERE + 1),
    ),
    StepScene(
        FAULTS,
        "the child writes the first page too",
        lambda stage: _written_by_child(stage, 0),
    ),
    StepScene(
        FAULTS,
        "or another page below that table",
        lambda stage: _written_by_child(stage, ELSEWHERE),
    ),
    StepScene(
        FAULTS,
        "the child reads a page",
        lambda stage: _read_by_child(_two(stage), 0),
    ),
    StepScene(
        FAULTS,
        "the child reads a hole",
        lambda stage: _read_by_child(_with_hole(stage), PAGES_PER_SLOT - 1),
    ),
    StepScene(
        ALONE,
        "the parent's first write below a table",
        lambda stage: _written_by_parent(_left(stage), 0),
    ),
    StepScene(
        ALONE,
        "its next write below it",
        lambda stage: _written_by_parent(_after(_left(stage), 0), ELSEWHERE),
    ),
    StepScene(
        LEAVING,
        "without memory",
        lambda stage: stage().forked().exit(),
        of_borrowers=True,
    ),
    StepScene(LEAVING, "each table that it did not touch", _each(Trial.with_tables, _exit)),
    StepScene(
        LEAVING, "each table that it wrote all of", _each(Trial.with_tables, _exit_of_writer)
    ),
    StepScene(
        CHANGES,
        "it unmaps 2 MiB of 4",
        lambda stage: _unmapped(_two(stage), 0, PAGES_PER_SLOT),
    ),
    StepScene(
        CHANGES,
        "it unmaps 4 KiB",
        lambda stage: _unmapped(_two(stage), 0, 1),
    ),
    StepScene(
        CHANGES,
        "it write-protects 2 MiB",
        lambda stage: _protected(_two(stage)),
    ),
    StepScene(
        CHANGES,
        "it discards 4 KiB (MADV_DONTNEED)",
        lambda stage: _discarded(_two(stage)),
    ),
)
"""All steps, in the order of a fork's life."""
