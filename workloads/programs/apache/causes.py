"""What requests to Apache wait for besides cores."""

from __future__ import annotations

from sim.machine.causes import Cause

NO_WORKER = Cause("no_worker", "no free worker")
"""From when a request is sent until a worker takes it."""
