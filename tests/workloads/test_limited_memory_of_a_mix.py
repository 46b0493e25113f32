"""Servers that plan ahead, and a limit of memory that others' writes may reach first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from programs import setup

from models.kernel.memory_books import MemoryBooks
from sim.machine.scheduler import Scheduler
from sim.measures.common_metrics import KILLED
from sim.measures.recording import Recording
from workloads.registry import WORKLOADS

MIX = WORKLOADS["mix"]
REDIS: dict[str, Any] = {
    "kind": "redis",
    "dataset": "32MiB",
    "set_ratio": 0.5,
    "clients": {"kind": "open", "rate": "60k/s"},
    "snapshot": {"at": ["5ms", "60ms"], "save_rate": "1GiB"},
    "duration": "100ms",
}
FUZZER = {"kind": "afl", "target": "16MiB", "run": "150us", "pages": 3, "duration": "100ms"}
LOADED = 3 * 32 + 16
FREE = [1, 3, 6, 12, 24, 80]
"""MiB; the servers' copies take about 11 MiB each while a child saves."""


def mixed(free: int) -> Recording:
    programs = {"a": REDIS, "b": REDIS, "c": {**REDIS, "duration": "70ms"}, "fuzzer": FUZZER}
    config = MIX.Config.model_validate({"kind": "mix", "programs": programs})
    machine = replace(setup("classic", cores=8), memory_bytes=(LOADED + free) * 2**20)
    return MIX.run(config, machine)


def told(recording: Recording) -> dict[str, Any]:
    """All but when memory was noted, which goes by where blocks begin."""
    parts = {}
    for name, part in recording.parts.items():
        told = part.to_dict()
        told["series"] = {k: v for k, v in told["series"].items() if k in ("timeline", "snapshots")}
        parts[name] = told
    return {"levels": recording.levels, "parts": parts}


@pytest.mark.parametrize("free", FREE)
def test_plans_change_nothing_wherever_the_limit_is(
    free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = mixed(free)
    monkeypatch.setattr(Scheduler, "expect", lambda *_: None)
    assert told(planned) == told(mixed(free))


def test_some_plans_are_curtailed_and_some_programs_die(monkeypatch: pytest.MonkeyPatch) -> None:
    curtailed: list[MemoryBooks] = []
    real = MemoryBooks._curtail_plans

    def curtail(self: MemoryBooks) -> None:
        curtailed.append(self)
        real(self)

    monkeypatch.setattr(MemoryBooks, "_curtail_plans", curtail)
    killed = [any(KILLED.name in p.counters for p in mixed(free).parts.values()) for free in FREE]
    assert curtailed
    assert any(killed)
    assert not all(killed)
