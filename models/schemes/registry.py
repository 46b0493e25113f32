"""Fork schemes by name. A new one is a file here and a line below."""

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

SCHEMES: dict[str, type[Scheme]] = {}
"""The schemes that experiments can name."""


def register(scheme: type[Scheme]) -> None:
    """Make a scheme known under its name.

    Raises:
        ValueError: If the name is taken.
    """
    if scheme.name in SCHEMES:
        raise ValueError(f"there is already a fork scheme named '{scheme.name}'")
    SCHEMES[scheme.name] = scheme


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


for _scheme in (Classic, OnDemand, Huge, AsyncFork, Classic6, Hugetlb, Vfork):
    register(_scheme)
