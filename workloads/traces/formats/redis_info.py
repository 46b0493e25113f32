"""Reader of what Redis's INFO prints, as `redis-cli INFO` writes it: `field:value` lines.

    # Memory
    used_memory:161565170080

Sections begin with a `#`. Every field is kept; those are told that describe a machine and a load. A
connection's own length (`$4096`) is left out. Converted, it is a CSV of `field,value`.
"""

from __future__ import annotations

import re

from workloads.traces.kinds.server_info import ServerInfo
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, HEADER, LineError, account
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

INFO = About(
    "every field; memory, clients, commands a second, the last fork and save are told",
    "nothing; it has no requests, so that it drives no program",
    "the data set of an experiment is `used_memory_rss`",
)

_LINE = re.compile(
    rb"([a-z][A-Za-z0-9_|.-]{0,99}):(.*)|([a-z][A-Za-z0-9_|.-]{0,99}),(.*)", re.DOTALL
)
_OWN = re.compile(
    rb"^(?:redis_version|used_memory(?:_rss)?|latest_fork_usec|rdb_last_[a-z_]+)[:,]", re.MULTILINE
)
_CSV_HEADER = b"field,value"
_MOST_FIELDS = 100_000


def looks_like_info(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be INFO's."""
    return _OWN.search(first_bytes) is not None


def read_info(path: TracePath, limits: ReadLimits = DEFAULT_LIMITS) -> ServerInfo:
    """Read INFO's output, plain or compressed, in one pass.

    Raises:
        TraceError: As `account` does; a line is damaged that is neither a field nor a section, or
            names a field again with another value.
    """
    values: dict[str, str] = {}

    def take(line: bytes) -> str | None:
        text = line.strip()
        if not text:
            return BLANK
        if text.startswith((b"#", b"$")) or text == _CSV_HEADER:
            return HEADER
        match = _LINE.fullmatch(text)
        if match is None:
            raise LineError(1, "bad line", "'field:value', or a section that begins with #")
        field = (match[1] or match[3]).decode()
        value = (match[2] if match[1] else match[4]).decode("utf-8", "backslashreplace")
        value = value[1:-1].replace('""', '"') if value.startswith('"') and match[3] else value
        if values.get(field, value) != value:
            raise LineError(1, f"another {field}", "each field once: one INFO a file")
        if field in values:
            return "repeated"
        if len(values) == _MOST_FIELDS:
            raise LineError(1, "too many fields", f"{_MOST_FIELDS} at most")
        values[field] = value
        return None

    accounting = account(path, limits, "field", take)
    return ServerInfo(values=values, accounting=accounting)
