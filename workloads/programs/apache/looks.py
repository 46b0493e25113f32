"""When the parent looks whether enough workers are idle."""

from __future__ import annotations

from sim.machine.clock import NEVER_NS
from workloads.programs.apache.config import SECOND_NS


class Looks:
    """One look a second, from the next one on, at whether enough workers are idle.

    Attributes:
        enough: how many idle workers are enough, at least 1 if it ever looks.
        next_ns: when the parent looks next, unless it forks just now: then it is a time before.
            `NEVER_NS` if no look can lead to a new worker.
    """

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.next_ns = NEVER_NS

    def first_from(self, time_ns: int) -> int:
        """When the first look is, of those to come, that is at this time or later."""
        left_ns = time_ns - self.next_ns
        return self.next_ns + max(-(-left_ns // SECOND_NS), 0) * SECOND_NS
