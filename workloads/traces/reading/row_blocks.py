"""What readers of blocks of cells share: lines until the header is known, and times."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from workloads.traces.reading.block_lines import Flags, lines_until
from workloads.traces.reading.cell_blocks import CellBlock, can_be_split
from workloads.traces.reading.columns import IntColumn
from workloads.traces.reading.date_column import DateColumn
from workloads.traces.reading.header import Header
from workloads.traces.reading.number_columns import decimal_numbers

_POWERS = 10 ** np.arange(19, dtype=np.int64)


def until_known(
    block: bytes, header: Header, rest: Callable[[bytes], Iterator[int | bytes]]
) -> Iterator[int | bytes]:
    """Leave lines to the reader of lines until it has learnt the header, then the ``rest``."""

    def if_split(block: bytes) -> Iterator[int | bytes]:
        return rest(block) if can_be_split(header.separator) else iter(io.BytesIO(block))

    return lines_until(block, lambda: header.is_known, if_split)


class TimeColumn(NamedTuple):
    """Times in columns.

    Attributes:
        times_ns: int64 [n].
        ticks_ns: int64 [n], of their clocks.
        are_times: bool [n], which are times; those that may be some all the same are not.
    """

    times_ns: IntColumn
    ticks_ns: IntColumn
    are_times: Flags


def times_of(block: CellBlock, header: Header, role: str, dates: DateColumn) -> TimeColumn:
    """The times in the column with this role, which is there, as `Header.time` reads them."""
    place = header.place(role)
    assert place is not None  # noqa: S101 - the caller has looked
    places = header.places(role)
    starts, ends = block.cell(place)
    found = decimal_numbers(block.lines, starts, ends, places)
    ticks = _POWERS[np.maximum(places - found.digits, 0)]
    if found.are_numbers.all() or not header.is_dated(role):
        return TimeColumn(found.scaled, ticks, found.are_numbers)
    times_ns, date_ticks, are_dates = dates.of_all(block.lines, starts, ends)
    are_numbers = found.are_numbers
    return TimeColumn(
        np.where(are_numbers, found.scaled, times_ns),
        np.where(are_numbers, ticks, date_ticks),
        are_numbers | are_dates,
    )
