"""Fork schemes by name. A new one is a file here and a line below."""

from models.costs import Costs
from models.schemes.base import Scheme
from models.schemes.classic import Classic
from models.schemes.huge import Huge
from models.schemes.on_demand import OnDemand

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


def make_scheme(name: str, costs: Costs) -> Scheme:
    """The scheme registered under `name`, with its prices.

    Raises:
        ValueError: If there is none.
    """
    if name not in SCHEMES:
        raise ValueError(f"no fork scheme '{name}'; there are {', '.join(sorted(SCHEMES))}")
    return SCHEMES[name](costs)


register(Classic)
register(OnDemand)
register(Huge)
