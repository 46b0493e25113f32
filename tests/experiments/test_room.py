"""What is more than a machine has, or would not fit into this one, is refused when it is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from processes import done, start

from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import plan
from experiments.sweeps.overrides import override

HEAD = "forksim: 1\nname: a\nfork: {kind: classic}\nworkload: "
CLOSED = "{kind: closed, connections: 10k, pipeline: 1M}"
PROGRAMS = {
    "redis": f"{{kind: redis, dataset: 1GiB, clients: {CLOSED}, duration: 1s}}",
    "afl": "{kind: afl, target: 1GiB, run: 1ms, duration: 1s}",
    "triforce": "{kind: triforce, run: 1ms, duration: 1s}",
    "sqlite": "{kind: sqlite, database: 1GiB, tests: [{name: a, run: 1ms, pages: 3}]}",
    "apache": "{kind: apache, clients: {kind: closed, connections: 10k}}",
    "microbench": "{kind: microbench, sizes: [1GiB]}",
    "script": "{kind: script, steps: [{do: map, pages: 8}]}",
    "mix": "{kind: mix, programs: {a: {kind: redis, dataset: 1GiB, clients: {kind: open, rate: 1/s}"
    ", duration: 1s}, b: {kind: afl, target: 1GiB, run: 1ms, duration: 1s}}}",
}
SNAPSHOT = "workload.snapshot={at: [1ms]}"
OPEN = "workload.clients={kind: open, rate: %s}"

ALLOWED = [
    ("redis", ["workload.dataset=4TiB"]),
    ("redis", ["workload.dataset=1TiB", SNAPSHOT, "workload.set_ratio=1"]),
    ("redis", ["workload.dataset=4TiB", SNAPSHOT, OPEN % "100k/s"]),
    ("redis", ["workload.dataset=1TiB", "workload.value_bytes=16MiB"]),
    ("redis", [OPEN % "1/s", "workload.duration=1000h"]),
    ("redis", ["workload.duration=72h"]),
    ("redis", [OPEN % "2M/s", "workload.duration=10s"]),
    ("afl", ["workload.target=4TiB"]),
    ("afl", ["workload.target=16GiB", "workload.instances=256"]),
    ("afl", ["workload.duration=24h", "workload.instances=64"]),
    ("sqlite", ["workload.rounds=1000000"]),
    ("microbench", ["workload.sizes=[4TiB]"]),
    ("microbench", ["workload.sizes={first: 4KiB, last: 1TiB, step: 1GiB}"]),
    ("apache", ["workload.parent=1TiB", "workload.max_workers=4096"]),
    ("script", ["workload.steps=[{do: map, pages: 1073741824}, {do: fork, as: C}]"]),
    ("script", ["workload.steps=[{do: map, pages: 8, at: 68719000000}]"]),
    ("mix", ["workload.programs.a.dataset=2TiB", "workload.programs.b.target=2TiB"]),
    ("mix", ["machine.memory=8TiB"]),
]
REFUSED = [
    ("redis", ["workload.dataset=4398046511105"], "dataset: 4398046511105: expected at most 439"),
    ("redis", ["workload.dataset=8PB"], "dataset: '8PB': expected a size"),
    ("redis", ["workload.clients.connections=10001"], "clients.connections: 10001: expected at mo"),
    (
        "redis",
        ["workload.dataset=2TiB", SNAPSHOT, "workload.set_ratio=1"],
        "dataset: 2 TiB written page by page",
    ),
    (
        "redis",
        ["workload.dataset=4TiB", SNAPSHOT, OPEN % "8M/s", "workload.duration=2s"],
        "dataset: 1.54 TiB written page by page",
    ),
    ("redis", ["workload.dataset=1TiB", "workload.value_bytes=64MiB"], "clients: 3.89 GiB held"),
    ("redis", [OPEN % "20/s", "workload.duration=1000h"], "duration: 36,000,000 rows of results"),
    ("redis", ["workload.duration=72h", "repetitions=50"], "duration: 129,600,000 rows"),
    ("redis", [OPEN % "20M/s", "workload.duration=10s"], "clients: 16.6 GiB held"),
    ("redis", ["workload.service=1ns"], "service: 8.61 GiB held"),
    ("afl", ["workload.target=5TiB"], "target: '5TiB': expected at most 4398046511104"),
    ("afl", ["workload.target=32GiB", "workload.instances=256"], "target: 8 TiB of memory"),
    ("afl", ["workload.target=16GiB", "workload.instances=256", "workload.pages=8192"], "pages: 4"),
    ("triforce", ["workload.target=32GiB", "workload.instances=256"], "target: 8 TiB of memory"),
    ("sqlite", ["workload.database=2TiB", "workload.tests.0.pages=1M"], "tests: 1.91 TiB written"),
    ("sqlite", ["workload.rounds=1M", "repetitions=1000"], "rounds: 1,000,000,000 rows"),
    ("microbench", ["workload.sizes=[1GiB, 5TiB]"], "sizes.1: '5TiB': expected at most"),
    ("microbench", ["workload.sizes=[1TiB]", "workload.instances=5"], "sizes: 5 TiB of memory"),
    (
        "microbench",
        ["workload.program=fork_and_access", "workload.sizes=[1TiB]", "workload.buffer=4KiB"],
        "sizes: 268,435,458 rows",
    ),
    (
        "apache",
        ["workload.parent=4GiB", "workload.max_workers=4096", "workload.first_pages=2048"],
        "max_workers: 16 TiB written",
    ),
    ("script", ["workload.steps.0.pages=1073741825"], "steps.0.pages: 1073741825: expected at mo"),
    ("script", ["workload.steps.0={do: map, pages: 17M, populate: true}"], "steps.0: expected at"),
    (
        "script",
        ["workload.steps=[{do: map, pages: 8, at: 68719000000}, {do: fork, as: C}]"],
        "steps: 4.00 GiB held",
    ),
    ("mix", ["workload.programs.a.dataset=3TiB", "workload.programs.b.target=2TiB"], "5 TiB of me"),
]


def planned(program: str, settings: list[str]) -> None:
    document = parse(f"{HEAD}{PROGRAMS[program]}\n", Position("a.yaml"))
    plan(override(document, settings), Path(), catalogue())


@pytest.mark.parametrize(("program", "settings"), ALLOWED)
def test_what_fits_is_allowed(program: str, settings: list[str]) -> None:
    planned(program, settings)


@pytest.mark.parametrize(("program", "settings", "wrong"), REFUSED)
def test_what_does_not_fit_is_refused(program: str, settings: list[str], wrong: str) -> None:
    with pytest.raises(InputError) as caught:
        planned(program, settings)
    assert str(caught.value).isprintable()
    assert wrong in str(caught.value)
    assert "expected " in str(caught.value)


def test_a_point_of_a_sweep_that_does_not_fit_is_named() -> None:
    grid = json.dumps([{"grid": {"workload.instances": [1, 256], "workload.target": ["32GiB"]}}])
    with pytest.raises(InputError, match=r"^--set:1:\d+: workload\.target: 8 TiB of memory, "):
        planned("afl", [f"sweep={grid}"])


@pytest.mark.processes
@pytest.mark.parametrize("pipeline", ["1", "1M"])
def test_ten_thousand_connections_fit(tmp_path: Path, pipeline: str) -> None:
    (tmp_path / "a.yaml").write_text(f"{HEAD}{PROGRAMS['redis']}\n")
    settings = [f"workload.clients.pipeline={pipeline}", "workload.duration=1ms"]
    options = [word for setting in settings for word in ("--set", setting)]
    command = ("run", "a.yaml", "--memory", "600MiB", "--jobs", "1", *options)
    code, _, stderr = done(start("forksim_with_fake.py", *command, folder=tmp_path))
    assert code == 0, stderr
