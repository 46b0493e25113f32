"""Fork schemes by name. A new one is a file here and its class below."""

from typing import Any

from models.costs.laws import Costs
from models.schemes.async_fork import AsyncFork
from models.schemes.base import Scheme
from models.schemes.classic import Classic
from models.schemes.classic6 import Classic6
from models.schemes.huge import Huge
from models.schemes.hugetlb import Hugetlb
from models.schemes.on_demand import OnDemand
from models.schemes.vfork import Vfork
from sim.names import by_name

SCHEMES: dict[str, type[Scheme]] = by_name(
    "fork schemes", (Classic, OnDemand, Huge, AsyncFork, Classic6, Hugetlb, Vfork)
)
"""The schemes that experiments can name."""


def register(scheme: type[Scheme]) -> None:
    """Make one more scheme known under its name.

    Raises:
        ValueError: If the name is taken.
    """
    SCHEMES.update(by_name("fork schemes", (*SCHEMES.values(), scheme)))


def make_scheme(name: str, costs: Costs, **options: Any) -> Scheme:
    """The scheme registered under `name`, with its prices.

    Args:
        name: Registry name.
        costs: Prices.
        options: The scheme's own arguments.

    Raises:
        ValueError: If there is none, or an option has no such value.
    """
    if name not in SCHEMES:
        raise ValueError(f"no fork scheme '{name}'; there are {', '.join(sorted(SCHEMES))}")
    make: Any = SCHEMES[name]
    scheme: Scheme = make(costs, **options)
    return scheme
