"""The same operations under many fork schemes at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from driven_memory import DrivenMemory, Process
from naive_machine import NaiveMachine
from naive_memory import Area

from models.schemes.base import Scheme


class Chorus(DrivenMemory):
    """A driven memory that others follow: whatever its processes do, theirs do too.

    Args:
        scheme: Its own scheme.
        naive: The same, naively.
        followers: The others, by name.
    """

    def __init__(
        self, scheme: Scheme, naive: NaiveMachine, followers: dict[str, DrivenMemory]
    ) -> None:
        super().__init__(scheme, naive, compares=False)
        self.followers = followers


def _followed(name: str) -> Callable[..., Any]:
    lead = getattr(DrivenMemory, name)

    def operate(self: Chorus, process: Process, *args: Any, **how: Any) -> Any:
        place = self.processes.index(process)
        for follower in self.followers.values():
            own = [replace(arg) if isinstance(arg, Area) else arg for arg in args]
            lead(follower, follower.processes[place], *own, **how)
        return lead(self, process, *args, **how)

    return operate


OPERATIONS = "map touch fill sweep fork start exit exec unmap protect discard move brk"
for _name in OPERATIONS.split():
    setattr(Chorus, _name, _followed(_name))
