"""A figure is drawn again if, and only if, something that decides it has changed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from run_samples import faults

from results.figures import stamps, style
from results.figures.formats import FORMATS
from results.paper.registry import ITEMS, write_item
from results.records.record import Record

pytestmark = pytest.mark.figures

RECORDS = [faults("classic", 2300), faults("on_demand", 12_000)]


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stems of all figures that get drawn."""
    stems: list[str] = []
    write: Callable[..., list[Path]] = style.write

    def noted(figure: object, stem: Path, endings: Sequence[str]) -> list[Path]:
        stems.append(stem.name)
        return write(figure, stem, endings)

    monkeypatch.setattr(style, "write", noted)
    return stems


def write(
    folder: Path, records: Sequence[Record] = RECORDS, formats: Sequence[str] = tuple(FORMATS)
) -> dict[str, bytes]:
    write_item(ITEMS["table1"], records, folder, formats=formats)
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
    monkeypatch.setattr(stamps, "_code", lambda: "other")
    write(tmp_path)
    assert drawings == ["table1"] * 2


def test_formats_that_were_not_asked_for_are_not_missed(
    tmp_path: Path, drawings: list[str]
) -> None:
    assert sorted(write(tmp_path, formats=["svg"])) == ["table1.csv", "table1.svg"]
    write(tmp_path, formats=["svg"])
    assert drawings == ["table1"]
    assert sorted(write(tmp_path, formats=["svg", "png"])) == [
        "table1.csv",
        "table1.png",
        "table1.svg",
    ]
    write(tmp_path, formats=["png"])
    write(tmp_path, formats=[])
    assert drawings == ["table1"] * 2


def test_without_formats_there_is_only_the_data(tmp_path: Path, drawings: list[str]) -> None:
    assert sorted(write(tmp_path, formats=[])) == ["table1.csv"]
    assert drawings == []


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"inputs": 1}'])
def test_a_damaged_stamp_draws_again(tmp_path: Path, drawings: list[str], text: str) -> None:
    first = write(tmp_path)
    (tmp_path / "drawn" / "table1.json").write_text(text)
    assert write(tmp_path) == first
    assert drawings == ["table1"] * 2


def test_the_code_counts_every_source_and_published_number() -> None:
    folder = Path(stamps.__file__).parents[1]
    digest = stamps._code()
    stamps._code.cache_clear()
    assert stamps._code() == digest
    counted = {file.suffix for file in folder.rglob("*") if file.is_file()} - {".pyc"}
    # Of pages nothing is drawn.
    assert counted - set(stamps._SOURCES) <= {".md", ".typed", ".html", ".css"}
