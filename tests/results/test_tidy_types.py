"""Tables for files whose columns have one type."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from run_folders import point

from results.tables.tidy import in_one_type, tidy


def test_only_columns_of_numbers_and_texts_become_texts() -> None:
    table = tidy([point("classic", 1), point("classic", 4, cores="auto")])
    typed = in_one_type(table)
    assert set(typed["machine.cores"]) == {"16", "auto"}
    others = [name for name in table if name != "machine.cores"]
    pd.testing.assert_frame_equal(typed[others], table[others])
    assert list(typed) == list(table)


def test_a_field_that_some_points_lack_stays_a_number() -> None:
    table = in_one_type(tidy([point("classic", 1), point("classic", 4, sockets=2)]))
    assert set(table["machine.sockets"].dropna()) == {2}


def test_parquet_keeps_what_was_made_text(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    table = in_one_type(tidy([point("classic", 1), point("classic", 4, cores="auto")]))
    table.to_parquet(tmp_path / "a.parquet", index=False)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), table)
