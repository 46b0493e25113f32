"""Clients that send what a trace has recorded, at its times."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.arrays import IntArray
from workloads.programs.shared.trace_file import TraceFile


class ReplayedTrace(TraceFile):
    """The part of such clients' configuration that is the same for any kind of trace."""

    speed: Annotated[
        float, Field(ge=1e-3, le=1e6, description="how many times faster than it was recorded")
    ] = 1.0

    def send_ns(self, recorded_ns: IntArray, until_ns: int | None) -> IntArray:
        """When they send.

        Args:
            recorded_ns: int64 [n], ascending, when the trace says.
            until_ns: what comes at this time or later is not sent; None sends all.

        Returns:
            int64 [m], m at most n.
        """
        at_ns = np.rint(recorded_ns / self.speed)
        if until_ns is not None:
            at_ns = at_ns[: int(np.searchsorted(at_ns, until_ns))]
        return at_ns.astype(np.int64)
