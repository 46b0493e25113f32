"""Which frames are scattered."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.memory.frame_stock import FrameStock, even_spread, spread_marks

STOCKS = st.floats(0, 1e6, allow_nan=False)


@given(STOCKS, st.integers(0, 10**7), st.integers(0, 50), st.integers(1, 2000))
def test_a_stock_hands_out_what_its_law_says(
    capacity: float, outstanding: int, groups: int, each: int
) -> None:
    stock = FrameStock(capacity)
    stock.outstanding = outstanding
    taken = stock.take(groups, each)
    after = outstanding + groups * each
    assert stock.outstanding == after
    assert taken.sum() == stock.scattered(after) - stock.scattered(outstanding)
    assert ((taken >= 0) & (taken <= each)).all()
    stock.give_back(groups * each)
    assert stock.outstanding == outstanding


@given(STOCKS, st.integers(0, 10**6), st.integers(0, 3000))
def test_singly_or_in_one_go_as_many_are_scattered(
    capacity: float, outstanding: int, frames: int
) -> None:
    stock = FrameStock(capacity)
    stock.outstanding = outstanding
    expected = stock.scattered_next(frames)
    assert int(stock.take_singly(frames).sum()) == expected
    assert stock.outstanding == outstanding + frames


def test_the_law() -> None:
    assert FrameStock(1000).scattered(np.array([0, 1000, 10**9])).tolist() == [0, 632, 1000]
    first, second = FrameStock(512).take(2, 512)
    assert first > second  # scattered ones come first


@given(st.integers(1, 512), st.lists(st.integers(0, 512), min_size=1, max_size=5))
def test_marks_are_even(length: int, marked: list[int]) -> None:
    marked = [min(m, length) for m in marked]
    marks = spread_marks(np.array(marked), length)
    assert marks.sum(axis=1).tolist() == marked
    for row, count in zip(marks, marked, strict=True):
        for i in range(length):
            assert row[i] == ((i + 1) * count // length > i * count // length)


@given(st.integers(0, 10**6), st.integers(1, 100), st.floats(0, 1))
def test_an_even_spread_adds_up(total: int, parts: int, share: float) -> None:
    assert even_spread(total, parts, share).sum() == round(share * total)


@pytest.mark.parametrize("capacity", [-1.0, math.nan, math.inf])
def test_impossible_stocks(capacity: float) -> None:
    with pytest.raises(ValueError, match="stock"):
        FrameStock(capacity)
