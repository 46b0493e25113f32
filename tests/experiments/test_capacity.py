"""`forksim capacity` from outside: answers, words, stored points, bad input."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main

REDIS = """\
forksim: 1
name: small
machine: {profile: epyc-7302p-linux-5.6, cores: 4}
workload:
  kind: redis
  dataset: 256MiB
  clients: {kind: open, rate: 5k/s}
  service: 20us
  snapshot: {at: [100ms], save_rate: 8GiB}
  duration: 300ms
fork: {kind: classic}
slo: {max: 3ms}
sweep:
  - list:
      - {fork.kind: classic, seed: 1}
      - {fork.kind: on_demand, fork.variant: head, seed: 1}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(REDIS)
    return tmp_path


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def capacity(*arguments: str) -> Result:
    fixed = ("--figures", "none", "--jobs", "1")
    return forksim("capacity", "a.yaml", "--field", "workload.dataset", *fixed, *arguments)


def answers(result: Result) -> dict[str, Any]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def maximum(dataset: str, fork: Mapping[str, str]) -> tuple[int, int]:
    """Exit code, and the longest latency."""
    settings = ("--set", f"workload.dataset={dataset}", "--set", f"fork={json.dumps(fork)}")
    result = forksim(
        "run", "a.yaml", "--set", "sweep=[]", "--set", "seed=1", *settings, "--json",
        "--figures", "none", "--jobs", "1", "--out", f"one-{dataset}",
    )  # fmt: skip
    (point,) = json.loads(result.stdout)["points"]
    return result.exit_code, point["metrics"]["latency_max_ns"]["mean"]


def test_the_answer_meets_and_a_hundredth_more_misses(here: Path) -> None:
    found = answers(result := capacity("--from", "64MiB", "--to", "4GiB", "--json"))
    assert result.exit_code == 0
    classic, on_demand = found["lines"]
    assert classic["fields"]["fork.kind"] == "classic"
    assert on_demand["fields"] == {"fork.kind": "on_demand", "fork.variant": "head", "seed": "1"}
    best, beyond = classic["best"], classic["beyond"]
    assert best["amount"] < beyond["amount"] <= 1.01 * best["amount"]
    code, longest_ns = maximum(best["value"], {"kind": "classic"})
    assert (code, longest_ns <= 3_000_000) == (0, True)
    code, longest_ns = maximum(str(round(1.01 * best["amount"])), {"kind": "classic"})
    assert (code, longest_ns > 3_000_000) == (3, True)
    assert len(classic["tried"]) <= 20
    assert on_demand["best"]["value"] == "4GiB"
    assert on_demand["beyond"] is None
    (said,) = [text for text in found["said"] if "still meets" in text]
    assert said.startswith("on_demand head 1: 4GiB still meets max at most 3 ms")
    assert len(list((here / "runs/small/points").iterdir())) == sum(
        len(line["tried"]) for line in found["lines"]
    )


def test_a_second_call_simulates_nothing_and_a_killed_one_goes_on(here: Path) -> None:
    first = capacity("--from", "64MiB", "--to", "1GiB")
    points = sorted((here / "runs/small/points").iterdir())
    stamps = [file.stat().st_mtime_ns for file in points]
    again = capacity("--from", "64MiB", "--to", "1GiB")
    assert again.stdout == first.stdout
    assert "s left" not in again.stderr
    assert "workload.dataset" not in again.stderr
    assert [file.stat().st_mtime_ns for file in points] == stamps
    points[3].unlink()
    assert capacity("--from", "64MiB", "--to", "1GiB").stdout == first.stdout
    assert sorted((here / "runs/small/points").iterdir()) == points


def test_nothing_meets(here: Path) -> None:
    result = capacity("--from", "64MiB", "--to", "1GiB", "--slo", "max=1us")
    assert result.exit_code == 3
    assert "classic 1: even workload.dataset=64MiB misses: max at most 1 us" in result.stdout


def test_lines_and_ends_can_be_left_to_the_file(here: Path) -> None:
    found = answers(capacity("--by", "fork.kind=classic,async", "--json"))
    assert [line["fields"] for line in found["lines"]] == [
        {"fork.kind": "classic"},
        {"fork.kind": "async"},
    ]
    assert found["lines"][0]["tried"][0]["value"] in ("256MiB", "128MiB")
    found = answers(capacity("--set", "sweep=[]", "--json"))
    assert [line["fields"] for line in found["lines"]] == [{"fork.kind": "classic"}]


def test_memory_is_a_limit_as_any_other_and_said_in_a_sentence(here: Path) -> None:
    found = answers(capacity("--set", "slo={memory: 512MiB}", "--to", "1GiB", "--json"))
    for line in found["lines"]:
        assert line["best"]["amount"] < 512 * 2**20
        (need,) = line["memory"]
        assert need["peak"] == need["own"] + need["copied"] + need["tables"] <= 512 * 2**20
        assert need["own"] == pytest.approx(line["best"]["amount"], abs=4096)
        assert [one["process"] for one in need["processes"]] == [1, 2]
    assert any(" needs 51" in text and "page tables" in text for text in found["said"])


def test_more_of_a_field_may_be_better(here: Path) -> None:
    rate = ("--field", "workload.clients.rate", "--from", "100/s", "--to", "100k/s")
    found = answers(capacity(*rate, "--slo", "throughput=2k/s", "--set", "slo={}", "--json"))
    line = found["lines"][0]
    assert line["wanted"] == "smallest"
    assert line["beyond"]["amount"] < line["best"]["amount"] <= 1.01 * line["beyond"]["amount"]
    assert line["best"]["amount"] == pytest.approx(2000, rel=0.1)


def test_whole_numbers_are_found_to_the_unit(here: Path) -> None:
    closed = "workload.clients={kind: closed, connections: 5}"
    field = ("--field", "workload.clients.connections", "--from", "1", "--to", "1000")
    slo = ("--set", "slo={p50: 1010us}", "--set", closed)
    line = answers(capacity(*field, *slo, "--json"))["lines"][0]
    assert line["beyond"]["value"] == line["best"]["value"] + 1
    assert line["best"]["value"] == 50  # of 20 us each


def test_repetitions_give_an_interval(here: Path) -> None:
    found = answers(
        capacity("--from", "64MiB", "--to", "1GiB", "--set", "repetitions=3", "--json",
                 "--slo", "p99.9=2ms")
    )  # fmt: skip
    line = found["lines"][0]
    assert len(line["tried"]) <= 20
    assert all(len(one["repetitions_met"]) == 3 for one in line["tried"])
    if line["interval"] is not None:
        low, high = line["interval"]
        assert low["amount"] <= line["best"]["amount"] < high["amount"]


def test_the_folder_has_a_table_of_all_that_was_tried(here: Path) -> None:
    found = answers(capacity("--from", "64MiB", "--to", "1GiB", "--json"))
    with (here / "runs/small/capacity-workload.dataset.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(line["tried"]) for line in found["lines"])
    answer = [row["workload.dataset"] for row in rows if row["answer"] == "True"]
    assert answer == [str(line["best"]["amount"]) for line in found["lines"]]
    assert not (here / "runs/small/points.json").exists()  # what a run has there stays its own


@pytest.mark.figures
def test_the_picture_has_a_line_per_fork_and_the_limit(here: Path) -> None:
    result = capacity("--from", "64MiB", "--to", "1GiB", "--figures", "svg")
    assert result.exit_code == 0
    text = (here / "runs/small/capacity-workload.dataset.svg").read_text()
    for words in ("Fork ", "On-demand-fork, head", "max at most 3 ms", "dataset (MiB)"):
        assert f"<!-- {words}" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--field", "workload.datset"), "no value there - did you mean 'workload.dataset'?"),
        (("--field", "workload.datset", "--from", "1", "--to", "2"), "did you mean 'dataset'?"),
        (("--field", "fork.kind"), "'classic': expected a field with a number or an amount"),
        (("--field", "workload"), "expected a field with a number or an amount"),
        (("--field", "a..b"), "expected a field such as a.b.c"),
        (("--from", "2GiB", "--to", "1GiB"), "'1GiB': expected more than --from, '2GiB'"),
        (("--from", "2GiB", "--to", "2048MiB"), "expected more than --from"),
        (("--from", "0", "--to", "1GiB"), "--from:1:1: 0: expected more than 0"),
        (("--from", "1s"), "--from:1:1: '1s': expected a number or an amount such as 1GiB"),
        (("--from", "{"), "--from:1:"),
        (("--slo", "p99.99999=1ms"), "no such metric - did you mean 'p99.99'?"),
        (("--slo", "max=1GiB"), "--slo:1:5: slo.max: '1GiB': expected a duration"),
        (("--slo", "max"), "--slo:1:1: 'max': expected a limit such as p99.9=10ms"),
        (("--set", "slo={}"), "--slo:1:1: no limit: expected one such as p99.9=10ms"),
        (("--by", "fork.nosuch"), "fork.nosuch: not in the experiment"),
        (("--by", "fork.kind=clasic"), "--by:1:1: fork.kind: 'clasic' - did you mean 'classic'?"),
        (("--set", "workload.snapshot=null"), "nothing forks, whatever the field is"),
        (("--find", "best"), "is not one of 'largest', 'smallest'"),
    ],
)
def test_bad_input_is_one_line_and_nothing_half_written(
    here: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = capacity(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert not list(here.rglob("capacity-*"))


def test_a_run_with_limits_ends_with_3_if_one_is_missed(here: Path) -> None:
    common = ("run", "a.yaml", "--figures", "none", "--jobs", "1")
    result = forksim(*common, "--slo", "max=1us")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-1].startswith("max at most 1 us: met by none of 2; nearest")
    assert forksim(*common, "--slo", "max=1s").exit_code == 0
    found = json.loads(forksim(*common, "--slo", "max=1us", "--json").stdout)
    assert [row["outcome"] for row in found["limits"]] == ["missed", "missed"]
    assert all(row["excess"]["share"] == 1 for row in found["limits"])


def test_limits_are_no_part_of_a_point(here: Path) -> None:
    plain = forksim("plan", "a.yaml", "--json", "--set", "slo={}").stdout
    assert forksim("plan", "a.yaml", "--json").stdout == plain
    wrong = forksim("run", "a.yaml", "--set", "slo={max: fast}")
    assert wrong.exit_code == 2
    assert wrong.stderr == (
        "--set:1:11: slo.max: 'fast': expected an amount such as 10ms, 40GiB, 20k/s or 1000\n"
    )
    swept = forksim("run", "a.yaml", "--set", "sweep=[{grid: {slo.max: [1ms, 2ms]}}]")
    assert swept.exit_code == 2
    assert "slo.max: cannot be swept" in swept.stderr
