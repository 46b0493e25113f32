"""Traces that can be read, but not be run as an experiment asks: found before it begins."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.errors import InputError
from experiments.points import Point
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
        machine, fork = point.config["machine"], point.config["fork"]
        setup = Setup(point.profile, cores=machine["cores"], scheme=fork["kind"])
        try:
            check(point.workload, setup)
        except TraceError as error:
            raise InputError(str(error)) from None
