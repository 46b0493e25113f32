"""Instants as logs write them: dates in strftime's forms, and Unix time; exact to the nanosecond.

A time without a zone is taken for UTC, a year of two digits as POSIX does (69 is 1969).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from workloads.traces.reading.fields import SaidError

_MONTHS = tuple(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_DAY_S = 86400
_LATEST_NS = 2**63
_TWO_DIGITS = rb"[0-9]{2}"
_ZONE = rb"[+-][0-9]{2}:?[0-9]{2}|Z"

PARTS: dict[str, tuple[str, bytes]] = {
    "Y": ("year", rb"[0-9]{4}"),
    "y": ("short year", _TWO_DIGITS),
    "m": ("month", _TWO_DIGITS),
    "b": ("month", rb"[A-Z][a-z]{2}"),
    "h": ("month", rb"[A-Z][a-z]{2}"),
    "d": ("day", _TWO_DIGITS),
    "e": ("day", rb"[ 0-9][0-9]"),
    "H": ("hour", _TWO_DIGITS),
    "M": ("minute", _TWO_DIGITS),
    "S": ("second", _TWO_DIGITS),
    "z": ("zone", _ZONE),
    "s": ("unix", rb"[0-9]{1,19}"),
}
"""What a conversion of strftime stands for, and what that looks like."""

MORE_PARTS: dict[str, tuple[str, bytes]] = {
    "sec": ("unix", rb"[0-9]{1,19}"),
    "msec": ("unix ms", rb"[0-9]{1,19}"),
    "usec": ("unix us", rb"[0-9]{1,19}"),
    "msec_frac": ("fraction", rb"[0-9]{3}"),
    "usec_frac": ("fraction", rb"[0-9]{6}"),
    "decimal": ("unix", rb"[0-9]{1,19}(?:\.[0-9]{1,30})?"),
}
"""Other parts of an instant: those of Apache's `%{...}t`, and Unix time with decimals."""

_COMBINED = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "R": "%H:%M", "D": "%m/%d/%y"}
_DATE = ("month", "day", "hour", "minute")
UNIX_TICKS = {"unix": 9, "unix ms": 6, "unix us": 3}
"""Nanoseconds in the unit of Unix time, by what a part of an instant is, as powers of ten."""


class DateError(ValueError):
    """A text that is no instant; its arguments are what is wrong, and what was expected."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what, expected)
        self.what = what
        self.expected = expected


def conversions(form: str) -> list[str]:
    """The pieces of a form of strftime: `%` and a letter of `PARTS`, or other text.

    Raises:
        SaidError: It has a conversion that is not known.
    """
    pieces: list[str] = []
    for piece in re.findall(r"%.?|[^%]+", form, re.DOTALL):
        letter = piece[1:] if piece.startswith("%") else ""
        if letter in _COMBINED:
            pieces += conversions(_COMBINED[letter])
        elif not letter or letter in PARTS:
            if piece == "%":
                raise SaidError(f"{form!r}, a form of a time", "a letter behind the %")
            pieces.append(piece)
        elif letter == "%":
            pieces.append("%%")
        else:
            known = " ".join(f"%{known}" for known in (*PARTS, *_COMBINED))
            raise SaidError(f"{piece!r} in {form!r}, a form of a time", f"one of {known}")
    return pieces


@dataclass(frozen=True)
class DateForm:
    """How an instant is written.

    Attributes:
        parts: what each group of the pattern is: `year`, `month`, `zone`, `unix` ...
        pattern: matches the whole text, a group for each part.
    """

    parts: tuple[str, ...]
    pattern: re.Pattern[bytes]

    @classmethod
    def of(cls, form: str, behind: bytes = b"") -> DateForm:
        """A form of strftime, behind which what the pattern `behind` matches is a fraction."""
        parts, pattern = [], b""
        for piece in conversions(form):
            if piece.startswith("%"):
                part, what = PARTS[piece[1]]
                parts.append(part)
                pattern += b"(" + what + b")"
                if part == "second" and behind:
                    parts.append("fraction")
                    pattern += behind
            else:
                pattern += re.escape(piece.encode())
        return cls(tuple(parts), re.compile(pattern))


COMMON_LOG_FORM = "%d/%b/%Y:%H:%M:%S %z"
COMMON_LOG = DateForm.of(COMMON_LOG_FORM)
"""`23/Nov/2026:07:25:04 +0000`, of Apache, and NGINX's `$time_local`."""

_FRACTION = rb"(?:[.,]([0-9]{1,30}))?"
_ISO = (
    DateForm.of("%Y-%m-%dT%H:%M:%S%z", _FRACTION),
    DateForm.of("%Y-%m-%dT%H:%M:%S", _FRACTION),
    DateForm.of("%Y-%m-%d %H:%M:%S%z", _FRACTION),
    DateForm.of("%Y-%m-%d %H:%M:%S %z", _FRACTION),
    DateForm.of("%Y-%m-%d %H:%M:%S", _FRACTION),
)
_ANY = (COMMON_LOG, *_ISO)
ANY_EXPECTED = "a date such as 2026-11-23T07:25:04Z or 23/Nov/2026:07:25:04 +0000, or Unix time"


def is_whole(parts: Iterable[str]) -> bool:
    """Whether these parts make an instant."""
    known = set(parts)
    dated = {*_DATE} <= known and bool({"year", "short year"} & known)
    return dated or bool(known & UNIX_TICKS.keys())


def unix_ns(parts: Mapping[str, bytes]) -> tuple[int, int]:
    """Unix time that parts of an instant make, and its clock's tick, both in ns.

    Raises:
        DateError: There is no such day or time, or it is before 1970 or after 2262.
    """
    name = next((name for name in reversed(UNIX_TICKS) if name in parts), None)
    if name is not None:
        whole, _, digits = parts[name].partition(b".")
        places = UNIX_TICKS[name]
        time_ns = int(whole) * 10**places
    else:
        dated = tuple(item for item in parts.items() if item[0] != "fraction")
        time_ns, digits, places = _date_s(dated) * 10**9, b"", 9
    if not digits and places == 9:
        digits = parts.get("fraction") or b""
    time_ns += int(digits[:places].ljust(places, b"0") or b"0")
    if time_ns < 0:
        raise DateError("time lies before 1970", "a later time")
    if time_ns >= _LATEST_NS:
        raise DateError("time is beyond the year 2262", "fewer than 2^63 ns since 1970")
    return time_ns, 10 ** max(places - len(digits), 0)


@lru_cache(maxsize=64)
def _date_s(items: tuple[tuple[str, bytes], ...]) -> int:
    """Unix time in whole seconds; lines of one second stand together."""
    parts = dict(items)
    month = parts["month"]
    day, hour, minute, second = (int(parts.get(p, b"0")) for p in ("day", *_DATE[2:], "second"))
    if hour > 23 or minute > 59 or second > 60:
        raise DateError("bad time", "hours, minutes and seconds of a day")
    year = int(parts.get("year") or parts["short year"])
    if "year" not in parts:
        year += 1900 if year >= 69 else 2000
    try:
        number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
        days = (date(year, number, day) - date(1970, 1, 1)).days
    except ValueError:
        raise DateError("bad date", "a day that exists, as 23/Nov/2026") from None
    zone = parts.get("zone", b"Z")
    offset_s = 0
    if zone != b"Z":
        digits = zone.replace(b":", b"")
        offset_s = int(digits[1:3]) * 3600 + int(digits[3:5]) * 60
        offset_s = -offset_s if digits.startswith(b"-") else offset_s
    return days * _DAY_S + hour * 3600 + minute * 60 + second - offset_s


def any_unix_ns(text: bytes) -> tuple[int, int]:
    """Unix time of a date in one of the usual forms, and its clock's tick, as `unix_ns` does.

    Raises:
        DateError: It is no such date.
    """
    for form in _ANY:
        if match := form.pattern.fullmatch(text):
            found = {
                part: group
                for part, group in zip(form.parts, match.groups(), strict=True)
                if group is not None
            }
            return unix_ns(found)
    raise DateError("bad time", ANY_EXPECTED)
