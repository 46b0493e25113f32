"""What an experiment can run by name; a new program is a module of its own and one line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sim.names import by_name
from workloads.mix import Mix, mix_config
from workloads.programs.afl.program import Afl
from workloads.programs.apache.program import Apache
from workloads.programs.microbench.program import Microbench
from workloads.programs.redis.program import Redis
from workloads.programs.script import Script
from workloads.programs.sqlite import Sqlite
from workloads.programs.triforce import Triforce
from workloads.workload import Workload

PROGRAMS = (Afl(), Apache(), Microbench(), Redis(), Script(), Sqlite(), Triforce())
"""What can run alone or in a mix."""

MixConfig = mix_config("MixConfig", __name__, PROGRAMS)
"""Of a mix of them."""

WORKLOADS: dict[str, Workload] = by_name("workloads", (*PROGRAMS, Mix(PROGRAMS, MixConfig)))
"""The workloads that experiments can name."""


def programs_of(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The programs of a workload's configuration (plain data): the way to each, and its own part.

    A single program is the whole configuration.
    """
    if config["kind"] != Mix.name:
        yield (), config
        return
    for name, program in config["programs"].items():
        yield ("programs", name), program
