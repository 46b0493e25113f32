"""What commands print fits a width, or is one JSON document; talk goes to standard error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE

from experiments.commands.cli import main
from workloads.traces.registry import BUNDLED

SWEEP = "sweep.0.grid={fork.kind: [classic, huge, on_demand], workload.dataset: [1GiB, 64GiB]}"
TRACE = str(BUNDLED / "redis_monitor.log.gz")
ASKED = {
    "run": ["run", "a.yaml", "--out", "out", "--figures", "none", "--set", SWEEP],
    "show": ["show", "out"],
    "compare": ["compare", "out"],
    "plan": ["plan", "a.yaml", "--out", "out", "--set", SWEEP],
    "status": ["status", "out"],
    "validate": ["validate", "a.yaml"],
    "list": ["list"],
    "explain": ["explain", "on_demand"],
    "fork": ["fork", "--size", "8GiB"],
    "trace inspect": ["trace", "inspect", TRACE],
}
KEYS = {
    "run": {"name", "folder", "points", "limits", "failed", "untried"},
    "show": {"name", "folder", "points", "limits", "failed", "untried"},
    "compare": {"folder", "by", "confidence", "comparisons", "notes"},
    "plan": {"name", "folder", "total", "missing", "estimated_s", "points"},
    "status": {
        *("folder", "points", "done", "failed", "missing", "of_other_runs", "damaged"),
        *("set_aside", "leftovers"),
    },
    "validate": {"file", "name", "points", "remarks"},
    "list": {"names"},
    "explain": {"fork", "machine", "words", "steps"},
    "fork": {"size_bytes", "machine", "forks"},
    "trace inspect": {
        *("file", "format", "sha256", "lines", "records", "skipped", "span_ns"),
        *("facts", "notes", "about"),
    },
}
NO_DATA = {"schema", "export", "plot", "trace", "trace convert"}
"""Commands that write files, print what is JSON as it is, or convert."""
LONG = {"paper", "calibrate"}
"""Those that take minutes; their own tests ask them."""


@pytest.fixture(scope="module", autouse=True)
def _here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        patch.setenv("FORKSIM_JOBS", "1")
        Path("a.yaml").write_text(EXAMPLE)
        assert forksim(*ASKED["run"]).exit_code == 0
        yield


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def commands() -> dict[str, click.Command]:
    inside = {name: one for name, one in main.commands.items() if isinstance(one, click.Group)}
    found = dict(main.commands)
    for name, group in inside.items():
        found |= {f"{name} {part}": one for part, one in group.commands.items()}
    return found


def test_every_command_that_prints_data_prints_json() -> None:
    with_json = {
        name
        for name, command in commands().items()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert with_json >= {*ASKED, *LONG}
    # Other commands print no data of their own; one that comes to print some has the option.
    assert not with_json & NO_DATA


@pytest.mark.parametrize("name", ASKED)
def test_json_is_one_document_with_its_keys(name: str) -> None:
    result = forksim(*ASKED[name], "--json")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    answer = json.loads(result.stdout)
    assert answer["forksim"] == 1
    assert set(answer) - {"forksim"} == KEYS[name]


@pytest.mark.parametrize("columns", [40, 80, 132])
@pytest.mark.parametrize("name", ASKED)
def test_no_line_is_wider_than_the_terminal(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = forksim(*ASKED[name])
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= columns


@pytest.mark.parametrize("name", ["run", "show", "compare", "fork", "explain", "list"])
def test_tables_in_files_are_a_hundred_wide_and_sentences_whole(name: str) -> None:
    lines = forksim(*ASKED[name]).stdout.splitlines()
    tables = [line for line in lines if "  " in line.strip() and line[0] != " "]
    assert max(map(len, tables)) <= 100
    sentences = [line for line in lines if line.startswith(("note: ", "  who pays: "))]
    assert name not in ("fork", "explain") or max(map(len, sentences)) > 200


@pytest.mark.parametrize("columns", ["", "0", "-3", "wide", "\u0664\u0660"])
def test_columns_that_are_no_width_are_none(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = forksim(*ASKED["show"]).stdout
    monkeypatch.setenv("COLUMNS", columns)
    assert forksim(*ASKED["show"]).stdout == plain


@pytest.mark.parametrize("name", ["run", "show", "compare", "fork"])
def test_markdown_is_tables_and_lists(name: str) -> None:
    result = forksim(*ASKED[name], "--markdown")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[1].startswith("|---|")
    assert {line[:2] for line in lines} <= {"| ", "|-", "", "* "}
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def test_a_comparison_shows_the_headlines_and_json_has_all() -> None:
    metrics = {
        c["metric"] for c in json.loads(forksim(*ASKED["compare"], "--json").stdout)["comparisons"]
    }
    assert metrics >= {"requests", "latency_p50_ns", "latency_p99.9_ns"}
    short, long = (forksim(*ASKED["compare"], *more).stdout for more in ([], ["--all"]))
    assert "p99.9" in short and "p50" not in short
    assert "p99.9" in long and "p50" in long
