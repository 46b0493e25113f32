"""forksim report from outside: the page as parsed HTML, bad input, runs with something missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from parsed_page import ParsedPage
from run_folders import sweep, written

from experiments.commands.cli import main

NASTY = "<script>alert('x')</script>&\"'"
REDIS = """\
forksim: 1
name: small
machine: {profile: epyc-7302p-linux-5.6, cores: 4}
workload:
  kind: redis
  dataset: 64MiB
  clients: {kind: open, rate: 20k/s}
  snapshot: {at: [200ms]}
  duration: 2s
fork: {kind: classic}
slo: {p99.9: 1us}
sweep:
  - grid: {fork.kind: [classic, on_demand]}
"""

pytestmark = pytest.mark.figures


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report")
    (made / "a.yaml").write_text(REDIS)
    ran = forksim("run", str(made / "a.yaml"), "--out", str(made / "out"), "--figures", "none")
    assert ran.exit_code == 3, ran.output
    return made / "out"


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    result = forksim("report", str(folder))
    assert result.exit_code == 0, result.output
    return (folder / "report.html").read_text("utf-8")


def sound(page: str) -> ParsedPage:
    """The page, which is whole, stands by itself and has no name twice."""
    parsed = ParsedPage(page)
    assert parsed.open == []
    ids = parsed.all_of("id")
    assert len(ids) == len(set(ids))
    # Its links lead to names of its own; and nothing is loaded from anywhere.
    for link in [*parsed.all_of("href"), *parsed.all_of("src")]:
        assert link == "data:," or (link[0] == "#" and link[1:] in ids), link
    for name in re.findall(r"url\(([^)]*)\)", page):
        assert name[0] == "#", name
        assert name[1:] in ids
    assert not re.search(r"https?:|<script|@import|<!DOCTYPE svg|javascript:", page)
    assert parsed.all_of("style") == []
    assert not [name for _, attributes in parsed.tags for name in attributes if name[:2] == "on"]
    return parsed


def test_the_page_stands_by_itself(page: str) -> None:
    parsed = sound(page)
    (policy,) = [a["content"] for _, a in parsed.tags if "http-equiv" in a]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy


def test_every_figure_says_what_it_shows(page: str) -> None:
    parsed = ParsedPage(page)
    figures = [attributes for tag, attributes in parsed.tags if tag == "svg"]
    assert len(figures) == 2
    for figure in figures:
        assert figure["role"] == "img"
        assert figure["aria-labelledby"] in parsed.all_of("id")
    assert page.count("<figcaption>") == 2


def test_it_says_what_was_asked_and_what_came_out(page: str) -> None:
    text = " ".join(" ".join(ParsedPage(page).text).split())
    for said in (
        "A Redis that holds 64 MiB serves requests at 20 k/s, 9.1% of the requests SETs.",
        "It saves at 200 ms.",
        "It runs for 2 s.",
        "What would change under Fork or On-demand-fork?",
        "The machine: 4 cores; AMD EPYC 7302P",
        "Under On-demand-fork, p99.9 is",
        "To blame under On-demand-fork: 99.9-100 %:",
        "p99.9 at most 1 us: met by none of 2",
        "The phases of a fork",
        "forksim run",
        "numpy",
    ):
        assert said in text, said


def test_texts_of_others_are_no_markup(tmp_path: Path) -> None:
    """In the experiment's name, labels, paths, the YAML, reasons of failures."""
    folder = written(
        sweep(sizes=(1, 4), repetitions=2),
        tmp_path / NASTY.replace("/", "|"),
    )
    points = json.loads((folder / "points.json").read_text())
    for point in points["points"]:
        point["swept"] = {NASTY: NASTY, **point["swept"]}
        point["point"] = NASTY
    points["points"].append({"id": "0" * 64, "point": NASTY, "swept": {NASTY: "lost"}})
    points["name"] = NASTY
    (folder / "points.json").write_text(json.dumps(points))
    (folder / "points" / f"{'0' * 64}.failed.txt").write_text(f"{NASTY}\n{NASTY}\n")
    (folder / "experiment.yaml").write_text(f"# {NASTY}\n")
    out = tmp_path / "a.html"
    assert forksim("report", str(folder), "--out", str(out)).exit_code == 1
    page = out.read_text("utf-8")
    assert "alert(" in page
    assert "<script" not in page
    parsed = sound(page)
    assert "script" not in {tag for tag, _ in parsed.tags}
    assert "Incomplete" in parsed.text


def test_a_damaged_record_is_told_and_the_rest_is_shown(folder: Path, tmp_path: Path) -> None:
    run = written(sweep(sizes=(1, 4), repetitions=1), tmp_path / "run")
    first = next((run / "points").glob("*.json"))
    first.write_bytes(first.read_bytes()[:-9])
    result = forksim("report", str(run))
    assert result.exit_code == 1
    assert "its record is damaged" in (run / "report.html").read_text("utf-8")


def test_bad_input_is_one_line_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    empty = written(sweep(sizes=(1,), repetitions=1), tmp_path / "run")
    for record in (empty / "points").glob("*.json"):
        record.write_text("{}")
    for arguments, message in (
        ([str(tmp_path / "no")], "expected the folder of a run"),
        ([str(empty)], "no point is done"),
        ([str(folder), "--out", str(tmp_path / "no" / "a.html")], "no such folder"),
        ([str(folder), "--out", str(tmp_path)], str(tmp_path)),
    ):
        result = forksim("report", *arguments)
        assert result.exit_code == 2, (arguments, result.output)
        assert message in result.stderr.splitlines()[-1]
        assert "Traceback" not in result.output
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    assert not (empty / "report.html").exists()
