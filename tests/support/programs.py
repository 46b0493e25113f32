"""What the tests of programs share: a small machine and short ways to run things on it."""

from __future__ import annotations

from typing import Any

from models.costs.profile import Profile, load_profile
from models.kernel.scheduling import SchedulerName
from sim.measures.recording import Recording
from workloads.programs.microbench.config import MicrobenchConfig
from workloads.programs.microbench.program import Microbench
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.program import Redis
from workloads.running.setup import Setup

PROFILE = load_profile("epyc-7302p-linux-5.6")


def setup(
    scheme: str = "classic",
    repetition: int = 0,
    cores: int = 16,
    profile: Profile = PROFILE,
    scheduler: SchedulerName | None = None,
) -> Setup:
    return Setup(
        profile=profile,
        cores=cores,
        scheme=scheme,
        seed=7,
        repetition=repetition,
        scheduler=scheduler,
    )


def redis_config(**changes: Any) -> RedisConfig:
    """A small Redis under a closed loop, unless told otherwise."""
    fields: dict[str, Any] = {
        "kind": "redis",
        "dataset": "32MiB",
        "clients": {"kind": "closed", "connections": 3, "pipeline": 600},
        **changes,
    }
    if fields["clients"]["kind"] != "trace":
        fields.setdefault("duration", "300ms")
    return RedisConfig.model_validate(fields)


def run_redis(scheme: str = "classic", repetition: int = 0, **changes: Any) -> Recording:
    return Redis().run(redis_config(**changes), setup(scheme, repetition))


def run_microbench(scheme: str = "classic", repetition: int = 0, **changes: Any) -> Recording:
    config = MicrobenchConfig.model_validate({"kind": "microbench", **changes})
    return Microbench().run(config, setup(scheme, repetition))
