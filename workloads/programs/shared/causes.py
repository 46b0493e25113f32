"""What those wait for whom a program serves."""

from __future__ import annotations

from sim.machine.causes import Cause

OTHERS = Cause("others", "other requests")
"""Behind what is done for others, page faults apart."""
