"""Dates in columns, as `dates.any_unix_ns` reads them one by one."""

from __future__ import annotations

from array import array

import numpy as np

from workloads.traces.reading.block_lines import BlockLines, Flags
from workloads.traces.reading.columns import IntColumn
from workloads.traces.reading.dates import DateError, any_unix_ns
from workloads.traces.reading.number_columns import whole_numbers
from workloads.traces.reading.slices import Numbering, Text

_HEAD_BYTES = 19
"""Of `2026-11-23T07:25:04`, behind which a fraction may stand."""
_MOST_KEPT = 2**16
_LATEST_NS = 2**63 - 10**10
_POWERS = 10 ** np.arange(19, dtype=np.int64)
_MOST_ZONES = 64
_POINT, _COMMA, _BLANK, _PLUS, _MINUS, _ZULU = b"., +-Z"


class DateColumn:
    """Dates, of which those in one second are read once."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._zones: list[bytes] = []
        self._times_ns = array("q", [0])
        self._number_of: dict[bytes, int] = {}
        self._of_zones = Numbering(self._numbers_of_zones, 2**6)
        self._of_dates = Numbering(self._numbers_of_dates, 2**12)

    def of_all(
        self, lines: BlockLines, starts: IntColumn, ends: IntColumn
    ) -> tuple[IntColumn, IntColumn, Flags]:
        """Unix time in ns, the tick of the clock, and which are dates, as `any_unix_ns` has it."""
        if len(self._number_of) > _MOST_KEPT or len(self._zones) > _MOST_ZONES:
            self._forget()
        text = lines.text
        lengths = ends - starts
        point = np.minimum(starts + _HEAD_BYTES, ends)
        fractions = (lengths > _HEAD_BYTES) & ((text[point] == _POINT) | (text[point] == _COMMA))
        zone = ends - _zone_lengths(text, ends)
        zone = np.maximum(zone, point)
        head = np.where(fractions, point, ends)
        zone = np.where(fractions, zone, ends)
        contexts = self._of_zones.of_all(text, zone, ends - zone, np.zeros_like(zone))
        number = self._of_dates.of_all(text, starts, head - starts, contexts)
        times_ns = np.frombuffer(self._times_ns, np.int64)[number]
        are_dates = number > 0
        ticks = np.full(len(starts), 10**9, np.int64)
        if fractions.any():
            digits = np.clip(zone - point - 1, 0, 18)
            fraction, sound = whole_numbers(lines.words, point + 1, zone)
            nanoseconds = fraction // _POWERS[np.maximum(digits - 9, 0)]
            nanoseconds *= _POWERS[np.maximum(9 - digits, 0)]
            times_ns = np.where(fractions, times_ns + nanoseconds, times_ns)
            ticks = np.where(fractions, _POWERS[np.maximum(9 - digits, 0)], ticks)
            are_dates &= sound | ~fractions
        return times_ns, ticks, are_dates

    def _numbers_of_zones(self, zones: list[bytes], _: list[int]) -> list[int]:
        for zone in zones:
            if zone not in self._zones:
                self._zones.append(zone)
        return [self._zones.index(zone) for zone in zones]

    def _numbers_of_dates(self, heads: list[bytes], zones: list[int]) -> list[int]:
        dates = [head + self._zones[zone] for head, zone in zip(heads, zones, strict=True)]
        for date in dates:
            if date not in self._number_of:
                self._number_of[date] = self._new(date)
        return [self._number_of[date] for date in dates]

    def _new(self, date: bytes) -> int:
        try:
            time_ns, tick_ns = any_unix_ns(date)
        except DateError:
            return 0
        if tick_ns != 10**9 or time_ns > _LATEST_NS:
            return 0
        self._times_ns.append(time_ns)
        return len(self._times_ns) - 1


def _zone_lengths(text: Text, ends: IntColumn) -> IntColumn:
    """How long the zone (`Z`, `+0100`, ` -01:00`) is in which each date ends; 0 without one."""
    lengths = (text[ends - 1] == _ZULU).astype(np.int64)
    for length in (5, 6):
        sign = text[ends - length]
        lengths = np.where((sign == _PLUS) | (sign == _MINUS), length, lengths)
    with_blank: IntColumn = lengths + ((lengths > 0) & (text[ends - lengths - 1] == _BLANK))
    return with_blank
