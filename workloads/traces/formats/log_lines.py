"""Lines of an access log in a format that is said."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from workloads.traces.formats.log_format import LogPattern
from workloads.traces.formats.own_blocks import OwnBlocks
from workloads.traces.kinds.access_trace import (
    BYTES_BELOW,
    STATUS_BELOW,
    AccessColumns,
    ServiceError,
    resource_at,
    resource_of,
    service_ns,
)
from workloads.traces.reading.accounting import BLANK, LineError
from workloads.traces.reading.block_lines import lines_until
from workloads.traces.reading.cells import whole
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.dates import DateError, unix_ns
from workloads.traces.reading.fields import PLACES, Unit


class OwnLines:
    """Lines of a log format that is said."""

    def __init__(self, pattern: LogPattern) -> None:
        self.columns = AccessColumns()
        self._pattern = pattern
        self._places = PLACES[pattern.service_unit]
        self._group = {reads: number for number, reads in enumerate(pattern.reads, 1)}
        self._of_time = [self._group[part] for part in pattern.time_parts]
        self._written: tuple[bytes, ...] = ()
        self._unix_ns, self._tick_ns = 0, 1
        self._blocks = OwnBlocks(self.columns, pattern)

    @property
    def notes(self) -> tuple[str, ...]:
        """Which of several service times is read, and what it cannot say."""
        pattern = self._pattern
        if not pattern.service:
            return ("no service times: the log format has none",)
        notes = []
        if pattern.others:
            others = ", ".join(pattern.others)
            notes.append(f"service times are those of {pattern.service}, not of {others}")
        if pattern.service == "%T":
            notes.append("service times are whole seconds (%T): 0 is anything below one")
        return tuple(notes)

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Take the plain lines of a block, as `accounting` has readers do."""
        if not self._blocks.can_take:
            return iter(io.BytesIO(block))
        # The first request is looked at by itself, for how long a time is.
        return lines_until(block, lambda: len(self.columns) > 0, self._blocks.take_block)

    def take(self, line: bytes) -> str | None:
        """Take a line, as `accounting` has readers do."""
        match = self._pattern.line.fullmatch(line)
        if match is None:
            if not line.strip():
                return BLANK
            raise self._pattern.describe(line)
        written = (
            match.group(*self._of_time) if len(self._of_time) > 1 else (match[self._of_time[0]],)
        )
        if written != self._written:
            self._unix_ns, self._tick_ns = self._time(written, match.start(self._of_time[0]) + 1)
            self._written = written
            self._blocks.learn(match.end(self._of_time[-1]) - match.start(self._of_time[0]))
        service = MISSING
        if group := self._group.get("service"):
            try:
                service = service_ns(match[group], self._places)
            except ServiceError as error:
                raise service_error(
                    match.start(group) + 1, error, self._pattern.service_unit
                ) from None
        status = self._whole(match, "status", STATUS_BELOW)
        response_bytes = self._whole(match, "size", BYTES_BELOW)
        resource = None
        if "request" in self._group:
            resource = resource_of(match[self._group["request"]])
        if resource is None and "path" in self._group:
            path = match[self._group["path"]]
            if self._pattern.query_behind_path and b"?" not in path:
                path = path.removesuffix(b"-")
            resource = resource_at(path)
        self.columns.add(
            self._unix_ns,
            self._tick_ns,
            status=status,
            response_bytes=response_bytes,
            service_ns=service,
            resource=resource,
        )
        return None

    def _whole(self, match: re.Match[bytes], reads: str, below: int) -> int | None:
        group = self._group.get(reads)
        if group is None or match[group] in (b"", b"-"):
            return None
        value = whole(match[group], below)
        if value is None:
            expected = f"a whole number below {below}, or '-'"
            raise LineError(match.start(group) + 1, f"bad {reads}", expected)
        return value

    def _time(self, written: tuple[bytes, ...], column: int) -> tuple[int, int]:
        try:
            return unix_ns(dict(zip(self._pattern.time_parts, written, strict=True)))
        except DateError as error:
            raise LineError(column, error.what, error.expected) from None


def service_error(column: int, error: ServiceError, unit: Unit) -> LineError:
    """The error for a service time at this column of a line."""
    what, expected = error.args
    return LineError(column, what, f"{expected}, in {unit}")
