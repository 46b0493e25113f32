"""The answers in the documents: their files run, their commands exist, their numbers come out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from experiments.commands.cli import main
from experiments.execution.simulation import simulate
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.planning.points import plan
from experiments.sweeps.overrides import override
from results.metrics.formatting import of_metric
from results.metrics.summary import summaries

ROOT = Path(__file__).parents[2]
ANSWERS = ROOT / "docs" / "answers"
SHORT = {
    "save_every_quarter_hour": ["dataset=64MiB", "clients.rate=2k/s", "snapshot.every=1500ms"],
    "huge_pages": ["dataset=64MiB", "clients.rate=2k/s", "snapshot.every=1s"],
    "prefork_memory": ["duration=1200ms", "parent=64MiB", "first_pages=50"],
    "fuzz_faster": ["duration=100ms"],
}
COLUMNS = ("latency_p99.9_ns", "latency_max_ns", "fork_max_ns", "memory_bytes_peak")
"""Of the pages' tables whose rows are forks."""


def test_each_file_has_a_page_and_each_page_a_file() -> None:
    names = {file.stem for file in ANSWERS.glob("*.yaml")}
    assert names == {file.stem for file in ANSWERS.glob("*.md")} == set(SHORT)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in names if f"docs/answers/{name}.md" not in readme] == []


@pytest.mark.parametrize("name", sorted(SHORT))
def test_a_shortened_form_of_each_runs(name: str) -> None:
    file = ANSWERS / f"{name}.yaml"
    document = override(load(file), [f"workload.{setting}" for setting in SHORT[name]])
    if name == "fuzz_faster":
        document = override(document, ["sweep.0.grid={fork.kind: [classic, huge, on_demand]}"])
    for point in plan(document, file.parent, catalogue()).points:
        found = summaries(simulate(point))
        assert found["throughput_per_s"].mean > 0
        assert found["fork_max_ns"].mean > 0
        assert found["memory_bytes_peak"].mean > 0


def commands(page: Path) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("forksim ")]


@pytest.mark.parametrize("name", sorted(SHORT))
def test_each_command_of_a_page_exists_with_its_options(name: str) -> None:
    found = commands(ANSWERS / f"{name}.md")
    assert found
    for command, *arguments in found:
        known = main.get_command(click.Context(main), command)
        assert known is not None
        context = click.Context(known)
        known.make_parser(context).parse_args(list(arguments))
        for argument in arguments:
            if argument.startswith("docs/"):
                assert (ROOT / argument).is_file()


def rows(page: Path) -> dict[str, list[str]]:
    """The cells of the page's table by the first, without what is in brackets."""
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {re.sub(r" \(.*\)", "", first): rest for first, *rest in cells}


UNITS = {"us": 1e3, "ms": 1e6, "s": 1e9, "MiB": 2**20, "GiB": 2**30, "": 1}


def amount(text: str) -> float:
    number, _, unit = text.replace(",", "").partition(" ")
    return float(number) * UNITS[unit]


@pytest.mark.full
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", sorted(SHORT))
def test_the_numbers_of_each_page_come_out(name: str) -> None:
    """To half a unit of the last digit that is written; forks may differ in spelling."""
    file = ANSWERS / f"{name}.yaml"
    told = rows(file.with_suffix(".md"))
    for point in plan(load(file), file.parent, catalogue()).points:
        record = simulate(point)
        found = summaries(record)
        fork = record.at("fork.kind")
        label = f"{fork}, huge" if record.at("fork.huge", False) else fork
        if name == "fuzz_faster":
            places = {2**26: 0, 2**28: 1, 2**30: 2, 2**32: 3}
            cell = told[label][places[record.at("workload.target")]]
            assert float(cell) == pytest.approx(found["throughput_per_s"].mean, rel=0.006)
            continue
        for column, cell in zip(COLUMNS, told[label], strict=True):
            summary = found[column]
            shown = of_metric(summary.metric, summary.mean)
            assert amount(cell) == pytest.approx(summary.mean, rel=0.006), (label, column, shown)
