"""No text in a CSV of results begins a formula; numbers stay what they are."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from experiments.commands.cli import main
from results.tables.csv_text import csv_text, without_formula
from results.tables.tidy import without_formulas, write_csv

BEGINNINGS = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")

cells = (
    st.none()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text(st.sampled_from("=+-@ \t\r\n1.e,'\"a\uff1d"))
    | st.text()
)


def is_number(text: str) -> bool:
    try:
        return float(text) == float(text) and "_" not in text and text[-1:] in "0123456789."
    except ValueError:
        return False


def check(written: str, cell: object) -> None:
    """Whether a cell is written as it is, or behind a quote that keeps it a text."""
    if isinstance(cell, str):
        assert written in (cell, f"'{cell}")
        if written.startswith(BEGINNINGS):
            assert is_number(written)
    else:
        assert not written.startswith("'")


@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=5))
def test_rows(rows: list[list[object]]) -> None:
    rows = [
        [str(n), *row] for n, row in enumerate(rows)
    ]  # a row of one empty cell is an empty line
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    for written, row in zip(read, rows, strict=True):
        for one, cell in zip(written, row, strict=True):
            check(one, cell)


@given(st.lists(cells, min_size=1, max_size=6), st.text(min_size=1))
def test_long_tables(column: list[object], heading: str) -> None:
    table = pd.DataFrame({"n": range(len(column)), heading: pd.Series(column, dtype=object)})
    harmless = without_formulas(table)
    check(str(harmless.columns[1]), heading)
    for one, cell in zip(harmless.iloc[:, 1], column, strict=True):
        if isinstance(cell, str):
            check(one, cell)
        else:
            assert one is cell or one == cell


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("+a", "'+a"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("-inf", "'-inf"),
        ("-", "'-"),
        ("-5", "-5"),
        ("+0.5", "+0.5"),
        ("-1e-3", "-1e-3"),
        ("a=1", "a=1"),
        ("", ""),
        (-5, -5),
        (None, None),
    ],
)
def test_cells(cell: object, written: object) -> None:
    assert without_formula(cell) == written


EXPERIMENT = """\
forksim: 1
name: a
workload:
  kind: sqlite
  database: 1MiB
  log: {kind: trace, path: =1.csv}
fork: {kind: classic}
sweep: [{grid: {workload.log.path: [=1.csv, "-2.csv"], machine.scale.page_free_ns: [1, 2]}}]
"""


@pytest.mark.figures
def test_what_a_run_and_an_export_write(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    for name in ("=1.csv", "-2.csv", "a.csv"):
        (here / name).write_text("test,run_us,faults\n=t,10000,3\n")
    (here / "a.yaml").write_text(EXPERIMENT)
    for command in (["run", "a.yaml", "--out", "out"], ["export", "out", "long.csv"]):
        assert CliRunner().invoke(main, command).exit_code == 0
    paths = {"'=1.csv", "'-2.csv"}
    for file in ("out/table.csv", "long.csv"):
        with (here / file).open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert {row["workload.log.path"] for row in rows} == paths
        assert all(
            is_number(cell) or not cell.startswith(BEGINNINGS)
            for row in rows
            for cell in row.values()
        )
    converted = CliRunner().invoke(main, ["trace", "convert", "=1.csv"])
    assert "\n=t," in converted.stdout  # a trace is read again, and stays as it is


def test_a_carriage_return_ends_no_row_of_an_export() -> None:
    """Behind it a spreadsheet would begin another row, with a formula in it."""
    stream = io.BytesIO()
    texts = ["a\r=1", "b\n=2", 'c"', "d"]
    write_csv(pd.DataFrame({"text": texts, "number": [1.5, None, 2, 3]}), stream)
    assert stream.getvalue() == b'text,number\n"a\r=1",1.5\n"b\n=2",\n"c""",2.0\nd,3.0\n'
