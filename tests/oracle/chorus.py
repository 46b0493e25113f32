"""The same operations under many fork schemes at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from driven_memory import DrivenMemory
from naive_machine import NaiveMachine
from naive_memory import Area
from values_in_memory import Process

from models.schemes.base import Scheme


class Chorus(DrivenMemory):
    """A driven memory that others follow: whatever its processes do, theirs do too.

    What its kernel refuses they do not try.

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

    def limit_pool(self, pool_pages: int | None) -> None:
        """There is no limit, so that nobody is killed."""


def _followed(name: str) -> Callable[..., Any]:
    lead = getattr(DrivenMemory, name)

    def operate(self: Chorus, process: Process, *args: Any, **how: Any) -> Any:
        place = self.processes.index(process)
        followers = [(f, f.processes[place]) for f in self.followers.values()]
        copies = [[replace(a) if isinstance(a, Area) else a for a in args] for _ in followers]
        made = lead(self, process, *args, **how)
        if made is not False:
            for (follower, same), own in zip(followers, copies, strict=True):
                lead(follower, same, *own, **how)
        return made

    return operate


def _fork_and_start(self: Chorus, parent: Process, *, start: bool = True) -> Process:
    """All fork before any child starts."""
    child: Process = _followed("fork")(self, parent, start=False)
    if start:
        self.start(child)
    return child


OPERATIONS = "map touch fill sweep start exit exec unmap protect discard move brk"
_METHODS = {name: _followed(name) for name in OPERATIONS.split()} | {"fork": _fork_and_start}
for _name, _method in _METHODS.items():
    setattr(Chorus, _name, _method)
