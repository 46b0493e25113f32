"""Folders of runs, made by hand: Redis under two forks, several sizes, repetitions that differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from run_samples import MIB, histogram, record

from results.records.record import Record
from results.records.run_folder import Run
from results.records.store import Store
from sim.measures.common_metrics import DURATION, EXTRA_MEMORY, LATENCY, REQUESTS
from sim.measures.recording import Recording
from workloads.running.faults import fault_of

SIZES = (1, 4, 16, 64)


def noisy(kind: str, size: int, number: int, scale: float = 1.0) -> Recording:
    """A repetition whose noise is the same under each fork."""
    noise = int(np.random.default_rng([size, number]).integers(0, 2_000))
    base_ns = {"classic": 10_000 * size, "on_demand": 4_000 + 10 * size}[kind]
    values = [round(base_ns * scale) + noise + n for n in range(100)]
    return Recording().add(
        histograms={LATENCY: histogram(values)},
        counters={REQUESTS: 100, fault_of("cow_copy"): 7},
        levels={DURATION: 10**9, EXTRA_MEMORY: 5 * MIB + noise},
    )


def point(kind: str, size: int, repetitions: int = 5, **machine: Any) -> Record:
    config = {
        "machine": {"cores": 16, "constants": {}, "scale": {}, **machine},
        "workload": {"kind": "redis", "dataset": size * 1024 * MIB, "sizes": [1, 2]},
        "fork": {"kind": kind},
    }
    scale = float(np.prod([factor**0.5 for factor in machine.get("scale", {}).values()]))
    return record(config, *(noisy(kind, size, n, scale) for n in range(repetitions)))


def label(made: Record) -> dict[str, str]:
    size = made.at("workload.dataset") // (1024 * MIB)
    return {"fork.kind": made.at("fork.kind"), "workload.dataset": f"{size}GiB"}


def sweep(sizes: Sequence[int] = SIZES, repetitions: int = 5) -> Run:
    """Both forks at every size."""
    records = [
        point(kind, size, repetitions) for kind in ("classic", "on_demand") for size in sizes
    ]
    return Run(Path("runs/x"), records, [label(made) for made in records])


def written(run: Run, folder: Path) -> Path:
    """The run as a folder; returns it."""
    store = Store(folder / "points", folder / "wall")
    for made in run.records:
        store.write(made)
    known = [
        {"id": made.id, "point": "any", "swept": dict(swept)}
        for made, swept in zip(run.records, run.labels, strict=True)
    ]
    (folder / "points.json").write_text(json.dumps({"points": known}))
    return folder
