"""A workload that costs nothing, for tests of what surrounds workloads; importing registers it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from experiments.language.catalogue import Catalogue
from models.kernel.kernel import Kernel
from models.schemes.registry import SCHEMES
from sim.configuration import Configuration
from sim.machine.streams import Streams
from sim.measures.common_metrics import DURATION, LATENCY, REQUESTS
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording
from sim.units import Bytes, Duration, Rate, Ratio
from workloads.registry import WORKLOADS
from workloads.running.program import Program
from workloads.running.setup import Setup
from workloads.workload import Workload

EXAMPLE = """\
forksim: 1
name: fake-run
machine: {profile: epyc-7302p-linux-5.6, cores: 16}
workload:
  kind: fake
  dataset: 996MiB
  clients: {kind: closed, connections: 3, pipeline: 2000}
  set_ratio: 1/11
  snapshot: {after_changes: 10000}
  duration: 135s
fork: {kind: on_demand}
sweep:
  - grid: {fork.kind: [classic, on_demand]}
repetitions: 2
seed: 20210426
"""


def _counted(value: Any) -> Any:
    """Notes in the file FAKE_VALIDATIONS, if there is one, which process was given which value."""
    if file := os.environ.get("FAKE_VALIDATIONS"):
        with Path(file).open("a") as log:
            log.write(f"{os.getpid()} {value}\n")
    return value


class Closed(Configuration):
    """Clients that wait for their answer."""

    kind: Literal["closed"]
    connections: Annotated[int, Field(ge=1)]
    pipeline: Annotated[int, Field(ge=1)] = 1


class Open(Configuration):
    """Clients that do not."""

    kind: Literal["open"]
    rate: Rate


class Replayed(Configuration):
    """Clients of a trace."""

    kind: Literal["trace"]
    path: str


class Snapshot(Configuration):
    """When to snapshot."""

    after_changes: Annotated[int, Field(ge=1)] | None = None
    at: tuple[Duration, ...] = ()


class Range(Configuration):
    """From first to last."""

    first: Bytes
    last: Bytes

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.last < self.first:
            raise ValueError("expected first before last")
        return self


class FakeConfig(Configuration):
    """What the fake workload takes."""

    kind: Literal["fake"]
    dataset: Annotated[Bytes, BeforeValidator(_counted)]
    clients: Annotated[Closed | Open | Replayed, Field(discriminator="kind")]
    set_ratio: Ratio = 0.1
    snapshot: Snapshot | None = None
    duration: Annotated[Duration, BeforeValidator(_counted)]
    behaviour: Literal["good", "raise", "die", "die_once", "hang", "eat", "nap"] = "good"
    weight: float = 1.0
    sizes: list[Bytes] | Range | None = None


class Fake(Workload):
    """A workload that costs nothing, for tests of what surrounds workloads."""

    name = "fake"
    Config = FakeConfig

    def start(self, config: FakeConfig, kernel: Kernel, streams: Streams) -> Program:
        """It never runs on a machine."""
        raise AssertionError

    def run(self, config: FakeConfig, setup: Setup) -> Recording:
        """A thousand random latencies, or trouble."""
        return _run(config, setup)


def _run(config: FakeConfig, setup: Setup) -> Recording:
    if config.behaviour == "raise":
        raise ArithmeticError("no\nresult")
    if config.behaviour == "die":
        os.kill(os.getpid(), int(os.environ.get("FAKE_SIGNAL", signal.SIGKILL)))
    if config.behaviour == "die_once":
        _die_at_first(setup.seed)
    while config.behaviour == "hang":
        time.sleep(60)
    if config.behaviour == "eat":
        np.ones(2**27, dtype=np.uint8)
    if config.behaviour == "nap":
        time.sleep(0.03)
    if isinstance(config.clients, Replayed):
        Path(config.clients.path).read_bytes()
    random = np.random.default_rng([setup.seed, setup.repetition])
    latencies = Histogram()
    latencies.add(random.integers(1_000, 100_000, 1_000))
    return Recording().add(
        histograms={LATENCY: latencies}, counters={REQUESTS: 1_000}, levels={DURATION: 10**9}
    )


def _die_at_first(seed: int) -> None:
    """Killed when called for the first time with this seed, as FAKE_DEATHS, a folder, knows."""
    mark = Path(os.environ["FAKE_DEATHS"]) / str(seed)
    with suppress(FileExistsError):
        mark.touch(exist_ok=False)
        os.kill(os.getpid(), signal.SIGKILL)


class OtherConfig(Configuration):
    """Another workload's configuration."""

    kind: Literal["other"]


class Other(Fake):
    """Another workload."""

    name = "other"
    Config: Any = OtherConfig


def catalogue() -> Catalogue:
    """A catalogue that stays the same whatever is registered."""
    return Catalogue(
        workloads={"fake": Fake(), "other": Other()},
        schemes={name: SCHEMES[name] for name in ("classic", "huge", "on_demand")},
        profiles=("epyc-7302p-linux-5.6",),
        examples=(),
    )


WORKLOADS.setdefault(Fake.name, Fake())
