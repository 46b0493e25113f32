"""Experiments with several programs: where mistakes stand, which trace drives whom, the results."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main
from experiments.language.catalogue import EXAMPLES, catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Plan, plan
from workloads.mix import AnyMix
from workloads.programs.apache.config import ApacheConfig, TraceClients
from workloads.programs.redis.config import RedisConfig
from workloads.traces.registry import BUNDLED

EXPERIMENT = """\
forksim: 1
name: small-mix
workload:
  kind: mix
  programs:
    cache:
      kind: redis
      dataset: 16MiB
      clients:
        kind: closed
      duration: 10ms
    fuzzer: {kind: afl, target: 16MiB, run: 1ms, duration: 10ms}
    web:
      kind: apache
      clients: {kind: trace, path: access.log.gz}
      duration: 1s
fork: {kind: classic}
sweep:
  - grid: {workload.programs.cache.dataset: [16MiB, 32MiB], fork.kind: [classic, on_demand]}
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name in ("apache_common.log.gz", "redis_monitor.log.gz"):
        data = (BUNDLED / name).read_bytes()
        (tmp_path / name.replace("apache_common", "access")).write_bytes(data)
    return tmp_path


def planned(text: str, folder: Path) -> Plan:
    return plan(parse(text, Position("a.yaml")), folder, catalogue())


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("closed", "closd", "10:15: workload.programs.cache.clients.kind: 'closd' - did you mean"),
        ("kind: redis", "kind: mix", "7:13: workload.programs.cache.kind: 'mix': expected one of"),
        ("cache:\n", "my cache:\n", "6:5: workload.programs.my cache: 'my cache': expected text"),
        ("kind: afl, ", "", "12:13: workload.programs.fuzzer.kind: missing: expected one of 'afl'"),
        ("run: 1ms", "runn: 1ms", "12:40: workload.programs.fuzzer.runn: unknown key - did you"),
        ("target: 16MiB, ", "", "12:13: workload.programs.fuzzer.target: missing: expected memory"),
        ("1s\n", "x\n", "16:17: workload.programs.web.duration: 'x': expected a duration"),
        (
            "programs:",
            "programs: {}\n  others:",
            "5:13: workload.programs: {}: expected at least 1",
        ),
    ],
)
def test_mistakes_are_found_where_they_stand(here: Path, old: str, new: str, error: str) -> None:
    assert old in EXPERIMENT
    text = EXPERIMENT.replace(old, new, 1).partition("sweep:")[0]
    with pytest.raises(InputError) as caught:
        planned(text, here)
    assert str(caught.value).startswith(f"a.yaml:{error}")


def test_a_program_is_driven_by_traces_of_its_own_kind(here: Path) -> None:
    points = planned(EXPERIMENT, here).points
    digest = hashlib.sha256((here / "access.log.gz").read_bytes()).hexdigest()
    for point in points:
        assert point.digests["workload.programs.web.clients.path"] == digest
        workload = point.workload
        assert isinstance(workload, AnyMix)
        web, cache = workload.programs["web"], workload.programs["cache"]
        assert isinstance(web, ApacheConfig)
        assert isinstance(cache, RedisConfig)
        path = str(here / "access.log.gz")
        assert web.clients == TraceClients(
            kind="trace", path=path, format="access_log", sha256=digest
        )
    wrong = EXPERIMENT.replace("access.log.gz", "redis_monitor.log.gz")
    with pytest.raises(InputError, match=r"a.yaml:15:36: workload.programs.web.clients.path: .*"):
        planned(wrong, here)


@pytest.mark.figures
def test_a_run_tells_its_programs_apart(here: Path) -> None:
    (here / "mix.yaml").write_text(EXPERIMENT, "utf-8")

    def forksim(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    out = str(here / "out")
    done = forksim("run", str(here / "mix.yaml"), "--out", out, "--json")
    assert done.exit_code == 0
    points = json.loads(done.stdout)["points"]
    assert [point["program"] for point in points] == ["cache", "fuzzer", "web", "(machine)"] * 4
    assert len({point["id"] for point in points}) == 4
    with (here / "out" / "table.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["program"] for row in rows] == ["cache", "fuzzer", "web", "(machine)"] * 4
    assert all(int(row["memory_bytes_peak"]) > 2**24 for row in rows[3::4])
    assert {row["workload.programs.cache.dataset"] for row in rows} == {"16777216", "33554432"}
    assert all(row["executions"] for row in rows if row["program"] == "fuzzer")
    assert not any(row["executions"] for row in rows if row["program"] == "web")
    assert (here / "out" / "figure.svg").exists()


def test_a_mix_is_listed_and_in_the_schema() -> None:
    assert "mix" in catalogue().workloads
    assert EXAMPLES / "mix.yaml" in catalogue().examples
    done = CliRunner().invoke(main, ["schema"])
    kinds = json.loads(done.stdout)["properties"]["workload"]["discriminator"]["mapping"]
    assert {"mix", "redis", "apache"} <= set(kinds)
