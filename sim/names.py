"""Things by name, as experiments name them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str:
        """Its own among its kind."""


Thing = TypeVar("Thing", bound=Named)


def by_name(kind: str, things: Iterable[Thing]) -> dict[str, Thing]:
    """The things by name, in their order.

    Args:
        kind: what they are, in the plural.
        things: all of them.

    Raises:
        ValueError: two have the same name.
    """
    found: dict[str, Thing] = {}
    for thing in things:
        if thing.name in found:
            raise ValueError(f"two {kind} are named {thing.name}")
        found[thing.name] = thing
    return found
