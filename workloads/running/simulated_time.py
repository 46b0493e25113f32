"""How much simulated time a run may be expected to take."""

from __future__ import annotations

from sim.units import LARGEST

LONGEST_NS = LARGEST // 2
"""52 days. Queues, forks and page faults come on top, and all must stay below `sim.units.LARGEST`,
up to which times are kept to the nanosecond."""

_DAY_NS = 86_400 * 10**9


def check_length(what: str, expected_ns: float) -> None:
    """Refuse what takes too long.

    Args:
        what: it is.
        expected_ns: how long it takes, at least about.

    Raises:
        ValueError: longer than `LONGEST_NS`.
    """
    if expected_ns > LONGEST_NS:
        raise ValueError(
            f"{what}: {expected_ns / _DAY_NS:.4g} days of simulated time: "
            f"expected at most {LONGEST_NS // _DAY_NS}"
        )
