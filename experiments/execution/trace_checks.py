"""Traces that can be read, but not be run as an experiment asks: found before it begins."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.language.document import Document, dotted
from experiments.language.errors import InputError
from experiments.planning.points import Point
from workloads.registry import WORKLOADS
from workloads.traces.reading.text import TraceError
from workloads.workload import MisfitError


def check_traces(points: Iterable[Point], document: Document) -> None:
    """Look whether every point's traces fit its program and its machine.

    Args:
        points: of an experiment ...
        document: ... and its text.

    Raises:
        InputError: one does not.
    """
    for point in points:
        if len(point.digests) == 1:  # that of the profile
            continue
        workload = WORKLOADS[point.config["workload"]["kind"]]
        try:
            workload.check(point.workload, point.setup(repetition=0))
        except TraceError as error:
            raise InputError(str(error)) from None
        except MisfitError as misfit:
            route = ("workload", *misfit.way)
            text = f"{dotted(route)}: {misfit}"
            raise InputError.at(document.position(route), text) from None
