"""What a rule of scheduling is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Literal, Protocol

from sim.machine.run_queue import RunQueue
from sim.machine.tasks import Burst, Task, Turn

Arrival = Literal["new", "woken", "ongoing", "put back"]
"""How a task comes to want a core: it never ran; it slept, if only for a moment; it has just
finished a burst while others wait, and begins the next one at once; it has lost its core in the
middle of a burst.
"""

fair_time: Callable[[Task], int] = attrgetter("fair_ns")
"""Orders tasks by it."""


class Crowd(Protocol):
    """Who wants a core at this moment.

    Attributes:
        waiting: The tasks that wait, by their bursts.
        contenders: How many tasks want a core or have one; without one that is being placed.
    """

    waiting: RunQueue
    contenders: int

    @property
    def now_ns(self) -> int:
        """The time."""

    @property
    def core_count(self) -> int:
        """How many cores there are."""

    @property
    def outnumbered(self) -> bool:
        """Whether no core is idle."""

    def running(self) -> list[Task]:
        """The tasks that have a core, their fair time as of now.

        One that has just finished a burst is among them until it is known that it sleeps, even if
        its next burst waits already.
        """

    def starting(self) -> list[Task]:
        """Those of them whose cores have been woken for them at this very moment."""

    def pushing(self) -> list[Burst]:
        """The waiting bursts for which cores are being taken from others at this moment."""


class SchedulingRule(ABC):
    """A rule by which tasks share cores; an instance for each machine.

    All tasks weigh the same (nice 0), so virtual time is core time. It is kept in `Task.fair_ns`,
    on one scale for all cores: balancing is perfect, where kernels keep a queue for every core and
    move tasks now and then.
    """

    @abstractmethod
    def place(self, task: Task, arrival: Arrival, crowd: Crowd) -> None:
        """Set where a task stands that wants a core from now on."""

    @abstractmethod
    def leave(self, task: Task, crowd: Crowd) -> None:
        """Hear that a task sleeps; it is still counted."""

    def driven_out(
        self, task: Task, arrival: Arrival, running: Sequence[Task], crowd: Crowd
    ) -> Task | None:
        """Which of the running tasks a task that now waits takes the core of at once, if any."""
        return None

    def first(self, crowd: Crowd, *, pushing: Burst | None) -> Burst:
        """Which of the waiting bursts is next.

        Args:
            crowd: Of whom at least one waits.
            pushing: The one for which the core was taken from somebody, if it was.
        """
        return crowd.waiting.first()

    @abstractmethod
    def turn_end_ns(self, task: Task, turn: Turn, crowd: Crowd) -> int:
        """When a task that runs must let the others have its core, if it stays as it is.

        Args:
            task: Its fair time is that of now.
            turn: Its turn. If it is the next again at the end, it is confirmed and goes on.
            crowd: Of whom at least one waits. If more come, it is asked again.
        """

    def no_turn_ends_before_ns(self, now_ns: int) -> int:
        """Before this moment no turn ends, whoever comes; ``now_ns`` if nothing is known."""
        return now_ns


def tick_from(moment_ns: int, tick_ns: int) -> int:
    """The first timer interrupt at a moment or after it; all cores have theirs together."""
    return -(-moment_ns // tick_ns) * tick_ns
