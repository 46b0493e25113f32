"""Figure 9's campaign: 350 s of a fuzzer that forks a child for every input; and many fuzzers."""

from __future__ import annotations

from typing import Any

import plain_models
import pytest
from beside_plain import PLAIN, Timed

from models.costs.profile import load_profile
from models.schemes.registry import SCHEMES
from workloads.programs.afl.config import AflConfig
from workloads.programs.afl.program import Afl
from workloads.running.setup import Setup

PROFILE = load_profile("epyc-7302p-linux-5.6")
CAMPAIGN: dict[str, Any] = {
    "kind": "afl",
    "target": "1078MiB",
    "scattered": 0.211,
    "run": "173400ns",
    "pages": 2,
    "overhead": "100us",
    "slow": {"share": "0.2%", "run": "100ms"},
    "duration": "350s",
}
STEPS_NS = (7_000_000, 373_400, 8_000_000)
"""Fork, run and exit of an input of the plain model."""


@pytest.mark.parametrize("model", [PLAIN, *SCHEMES])
def bench_campaign(timed: Timed, model: str) -> None:
    what = "AFL, 350 s (executions)"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.fuzz(350 * 10**9, STEPS_NS))
        return
    config = AflConfig.model_validate(CAMPAIGN)
    setup = Setup(PROFILE, cores=16, scheme=model)
    program = lambda: Afl().run(config, setup).counters["executions"]  # noqa: E731 - as all others
    timed(what, model, program, rounds=3, at_most_s=3)


@pytest.mark.parametrize("cores", [16, 4])
@pytest.mark.parametrize("instances", [4, 16])
@pytest.mark.parametrize("model", [PLAIN, "classic", "on_demand", "huge"])
def bench_fuzzers(timed: Timed, model: str, instances: int, cores: int) -> None:
    what = f"{instances} fuzzers on {cores} cores (executions)"
    if model == PLAIN:
        size = {"servers": instances, "of_machine": cores}
        timed(what, model, lambda: plain_models.fuzz(10**10, STEPS_NS, **size), rounds=3)
        return
    of_many = CAMPAIGN | {"target": "1GiB", "instances": instances, "duration": "2s"}
    config = AflConfig.model_validate(of_many)
    setup = Setup(PROFILE, cores=cores, scheme=model)
    program = lambda: Afl().run(config, setup).counters["executions"]  # noqa: E731 - as all others
    timed(what, model, program, rounds=3)
