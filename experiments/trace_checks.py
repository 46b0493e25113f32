"""Traces that can be read, but not be run as an experiment asks: found before it begins."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.errors import InputError
from experiments.points import Point
from experiments.simulation import fork_of
from workloads.registry import check
from workloads.setup import Setup
from workloads.traces.text import TraceError


def check_traces(points: Iterable[Point]) -> None:
    """Look whether every point's traces fit its program and its machine.

    Raises:
        InputError: one does not.
    """
    for point in points:
        if len(point.digests) == 1:  # that of the profile
            continue
        cores = point.config["machine"]["cores"]
        setup = Setup(point.profile, cores=cores, **fork_of(point.config))
        try:
            check(point.workload, setup)
        except TraceError as error:
            raise InputError(str(error)) from None
