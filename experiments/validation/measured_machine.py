"""The machine that rows were measured on, as its profile tells it."""

from __future__ import annotations

from typing import Any

from models.costs.kernels import has_newer_rules
from models.costs.profile import Profile
from workloads.running.setup import Setup

CORES = 2
"""A process and its child never wait for each other's core."""

MODES = ("4k", "thp", "hugetlb")
"""How the memory was mapped that was forked."""


def setup_of(profile: Profile, mode: str = "4k", cores: int = CORES) -> Setup:
    """The machine under the fork of its own kernel.

    Args:
        profile: the machine's constants.
        mode: one of `MODES`.
        cores: how many of its cores are used.
    """
    return Setup.of(_fork_of(profile, mode), profile=profile, cores=cores)


def _fork_of(profile: Profile, mode: str) -> dict[str, Any]:
    if mode == "hugetlb":
        return {"kind": "hugetlb", "pool": None}
    if not has_newer_rules(profile.kernel):
        return {"kind": "huge" if mode == "thp" else "classic"}
    return {"kind": "classic6", "huge": mode == "thp"}
