"""Instants as logs write them, against the library's own reading of dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads.traces.reading.dates import (
    DateError,
    DateForm,
    any_unix_ns,
    is_whole,
    unix_ns,
)
from workloads.traces.reading.fields import SaidError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2261, 1, 1))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def exact_ns(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1) * 1000


@given(instant=INSTANTS, zone=ZONES)
def test_dates_with_zones(instant: datetime, zone: timezone) -> None:
    whole = instant.replace(microsecond=0, tzinfo=zone)
    for form in ("%d/%b/%Y:%H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S %z"):
        text = whole.strftime(form).encode()
        assert any_unix_ns(text) == (exact_ns(whole), 10**9)
    exact = instant.replace(tzinfo=zone)
    assert any_unix_ns(exact.isoformat(timespec="microseconds").encode()) == (exact_ns(exact), 1000)


@given(instant=INSTANTS)
def test_dates_without_zones_are_utc(instant: datetime) -> None:
    exact = instant.replace(tzinfo=UTC)
    text = instant.isoformat(sep=" ", timespec="milliseconds").encode()
    cut = exact.replace(microsecond=exact.microsecond // 1000 * 1000)
    assert any_unix_ns(text) == (exact_ns(cut), 10**6)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"unix": b"7"}, (7 * 10**9, 10**9)),
        ({"unix": b"7.25"}, (7_250_000_000, 10**7)),
        ({"unix": b"7", "fraction": b"042"}, (7_042_000_000, 10**6)),
        ({"unix": b"7", "unix ms": b"7042"}, (7_042_000_000, 10**6)),
        ({"unix": b"7", "unix us": b"7042001"}, (7_042_001_000, 1000)),
        ({"unix us": b"7042001", "fraction": b"999"}, (7_042_001_000, 1000)),
        (
            {"short year": b"70", "month": b"01", "day": b" 2", "hour": b"0", "minute": b"0"},
            (86400 * 10**9, 10**9),
        ),
        (
            {"short year": b"68", "month": b"Jan", "day": b"01", "hour": b"0", "minute": b"0"},
            (exact_ns(datetime(2068, 1, 1, tzinfo=UTC)), 10**9),
        ),
    ],
)
def test_parts(parts: dict[str, bytes], expected: tuple[int, int]) -> None:
    assert is_whole(parts)
    assert unix_ns(parts) == expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"30/Feb/2026:00:00:00 +0000", "bad date"),
        (b"30/Mrz/2026:00:00:00 +0000", "bad date"),
        (b"2026-13-01T00:00:00Z", "bad date"),
        (b"2026-01-01T24:00:00Z", "bad time"),
        (b"1970-01-01T00:00:00+0100", "time lies before 1970"),
        (b"2262-04-12T00:00:00Z", "time is beyond the year 2262"),
        (b"3026-01-01T00:00:00Z", "time is beyond the year 2262"),
        (b"9" * 19, "bad time"),
        (b"", "bad time"),
    ],
)
def test_what_is_no_date(text: bytes, what: str) -> None:
    with pytest.raises(DateError) as caught:
        any_unix_ns(text)
    assert caught.value.what == what


@pytest.mark.parametrize("form", ["%", "%Y-%", "%A", "%p", "%Ey"])
def test_forms_that_are_not_known(form: str) -> None:
    with pytest.raises(SaidError, match="a form of a time: expected"):
        DateForm.of(form)


@pytest.mark.parametrize("parts", [(), ("hour", "minute"), ("year", "month", "day"), ("fraction",)])
def test_parts_that_are_no_instant(parts: tuple[str, ...]) -> None:
    assert not is_whole(parts)
