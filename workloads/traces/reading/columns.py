"""Columns of traces: machine integers that grow, then read-only arrays on the same memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from workloads.traces.reading.accounting import LineError

MISSING = -1
"""In any integer column: what the line does not say."""

_Number = TypeVar("_Number", np.int64, np.int32, np.int16, np.float64, np.bool_)

IntColumn = NDArray[np.int64]


def frozen(column: array[int] | array[float], dtype: type[_Number]) -> NDArray[_Number]:
    """The column as a read-only array; it must not grow any more."""
    values = np.frombuffer(column, dtype=dtype)
    values.flags.writeable = False
    return values


class Ids:
    """Numbers for names: 0, 1, ... by first appearance."""

    def __init__(self, longest_bytes: int = 64) -> None:
        """Names longer than `longest_bytes` (at least 64) are kept as digests, to bound memory."""
        self._ids: dict[bytes, int] = {}
        self._longest_bytes = longest_bytes

    def __len__(self) -> int:
        return len(self._ids)

    def of(self, name: bytes) -> int:
        """The number of this name."""
        if len(name) > self._longest_bytes:
            # One byte more than any name that is kept, so that none can be taken for a digest.
            digest = blake2b(name, digest_size=32).hexdigest().encode()
            name = digest.rjust(self._longest_bytes + 1, b"#")
        return self._ids.setdefault(name, len(self._ids))

    def of_all(self, names: Iterable[bytes]) -> list[int]:
        """The number of each of these names, as `of` gives them one by one."""
        ids, longest_bytes = self._ids, self._longest_bytes
        return [
            ids.setdefault(name, len(ids)) if len(name) <= longest_bytes else self.of(name)
            for name in names
        ]

    def names(self) -> tuple[str, ...]:
        """The names in order of their numbers; long ones as `#` and their digest in hexadecimal."""
        return tuple(name.decode("utf-8", "backslashreplace") for name in self._ids)


class Times:
    """The growing column of times, which must not decrease."""

    def __init__(self, *, start_ns: int | None = None) -> None:
        """Times count from `start_ns`, or from the first if it is None."""
        self.column = array("q")
        self.start_ns = start_ns or 0
        self._from_first = start_ns is None
        self._earliest_ns = self.start_ns

    def add(self, time_ns: int, column: int = 1) -> None:
        """Append a time on the log's own clock.

        Raises:
            LineError: At `column`; it lies before the one above it, or beyond 64 bits.
        """
        if time_ns < self._earliest_ns:
            expected = (
                f"no less than in the line above, which is {self._earliest_ns - time_ns} ns later"
            )
            raise LineError(column, "time goes backwards", expected)
        if time_ns >= 2**63:
            raise LineError(column, "time is beyond the year 2262", "fewer than 2^63 ns since 1970")
        if self._from_first and not self.column:
            self.start_ns = time_ns
        self._earliest_ns = time_ns
        self.column.append(time_ns - self.start_ns)

    def extend(self, times: IntColumn, tick_ns: int) -> bool:
        """Append times in ticks as `add` does; False, and none is appended, if one is refused."""
        if times[-1] >= 2**63 // tick_ns or (times[1:] < times[:-1]).any():
            return False
        times_ns = times * tick_ns
        if times_ns[0] < self._earliest_ns:
            return False
        if self._from_first and not self.column:
            self.start_ns = int(times_ns[0])
        self._earliest_ns = int(times_ns[-1])
        self.column.frombytes((times_ns - self.start_ns).tobytes())
        return True


def spread(time_ns: IntColumn, resolution_ns: int) -> IntColumn:
    """Times that a coarse clock made equal, spread evenly over the tick they share.

    A server that met all requests of a second at its first nanosecond would see bursts that never
    happened. The i-th of n equal times becomes ``time + i * resolution // n``, so that a single one
    stays where it is.

    Args:
        time_ns: int64 [n], never decreases.
        resolution_ns: Length of the clock's tick.

    Returns:
        int64 [n], never decreases if equal times are whole ticks apart from others.
    """
    _, first, counts = np.unique(time_ns, return_index=True, return_counts=True)
    within = np.arange(len(time_ns)) - np.repeat(first, counts)
    return time_ns + within * resolution_ns // np.repeat(counts, counts)
