"""A figure is drawn again if, and only if, something that decides it has changed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from run_samples import faults

from results.figures import style
from results.paper import figure_stamps
from results.paper.registry import ITEMS, write_item
from results.records.record import Record

pytestmark = pytest.mark.figures

RECORDS = [faults("classic", 2300), faults("on_demand", 12_000)]


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stems of all figures that get drawn."""
    stems: list[str] = []
    write: Callable[..., list[Path]] = style.write

    def noted(figure: object, stem: Path) -> list[Path]:
        stems.append(stem.name)
        return write(figure, stem)

    monkeypatch.setattr(style, "write", noted)
    return stems


def write(folder: Path, records: Sequence[Record] = RECORDS) -> dict[str, bytes]:
    write_item(ITEMS["table1"], records, folder)
    return {file.name: file.read_bytes() for file in folder.glob("table1.*")}


def test_the_same_again_is_not_drawn_again(tmp_path: Path, drawings: list[str]) -> None:
    first = write(tmp_path)
    assert sorted(first) == ["table1.csv", "table1.pdf", "table1.png", "table1.svg"]
    assert write(tmp_path) == first
    assert drawings == ["table1"]


@pytest.mark.parametrize("ending", ["csv", "pdf", "png", "svg"])
@pytest.mark.parametrize("how", ["deleted", "altered"])
def test_a_file_that_was_touched_is_made_good(
    tmp_path: Path, drawings: list[str], ending: str, how: str
) -> None:
    first = write(tmp_path)
    file = tmp_path / f"table1.{ending}"
    if how == "deleted":
        file.unlink()
    else:
        file.write_bytes(first[file.name] + b" ")
    assert write(tmp_path) == first
    assert drawings == ["table1"] * 2


def test_other_records_are_drawn(tmp_path: Path, drawings: list[str]) -> None:
    write(tmp_path)
    write(tmp_path, RECORDS[:1])
    write(tmp_path, [replace(record, model="2") for record in RECORDS])
    write(tmp_path, [replace(record, provenance={"numpy": "3"}) for record in RECORDS])
    assert drawings == ["table1"] * 4


def test_other_code_draws_again(
    tmp_path: Path, drawings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.setattr(figure_stamps, "_code", lambda: "other")
    write(tmp_path)
    assert drawings == ["table1"] * 2


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"inputs": 1}'])
def test_a_damaged_stamp_draws_again(tmp_path: Path, drawings: list[str], text: str) -> None:
    first = write(tmp_path)
    (tmp_path / "drawn" / "table1.json").write_text(text)
    assert write(tmp_path) == first
    assert drawings == ["table1"] * 2


def test_the_code_counts_every_source_and_published_number() -> None:
    folder = Path(figure_stamps.__file__).parents[1]
    digest = figure_stamps._code()
    figure_stamps._code.cache_clear()
    assert figure_stamps._code() == digest
    counted = {file.suffix for file in folder.rglob("*") if file.is_file()} - {".pyc"}
    assert counted - set(figure_stamps._SOURCES) <= {".md", ".typed"}
