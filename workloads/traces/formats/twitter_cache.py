"""Reader of Twitter's cache traces: a week of requests to each of 54 clusters of Twemcache, 2020.

A line has seven cells and no header: time in whole seconds since the trace began, the key
(anonymised; it may hold commas), its size, the value's size, the client, the operation, the time to
live in seconds:

    1,CXmJ.(XkBRYR5kp.ekvW.vYBt.eWtvxJB)-XkBRYR5kp.RpXkpxykeWY,56,63,3,set,600

The traces are distributed in zstd, a thousand million lines a file; cut from the front what is
needed: `zstd -dc cluster26.zst | head -n 10000000`. A value's size counts for operations that store
it; requests have the size of the nearest command of Redis.

Source: https://github.com/twitter/cache-trace; J. Yang, Y. Yue, R. Vinayak, A large scale analysis
of hundreds of in-memory cache clusters at Twitter, OSDI 2020.
"""

from __future__ import annotations

import re

from workloads.traces.commands.memcached import OPERATIONS, READS, STORES
from workloads.traces.commands.resp import request_bytes
from workloads.traces.formats.twitter_blocks import LARGEST_BYTES, TICK_NS, CacheBlocks
from workloads.traces.kinds.key_trace import KeyColumns, KeyTrace
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, LineError, account
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

TWITTER = About(
    "time, key, sizes, client, operation",
    "time to live",
    "a clock of seconds; operations have the size of the nearest command of Redis",
)

_TIME = rb"([0-9]{1,10}),"
_KEY = rb"([^\r\n]+),"
_SIZES = rb"([0-9]{1,9}),([0-9]{1,9}),"
_CLIENT = rb"([0-9]{1,19}),"
_OPERATION = rb"(" + b"|".join(sorted(OPERATIONS, reverse=True)) + rb"),"
_TTL = rb"[0-9]{1,19}"
_LINE = re.compile(_TIME + _KEY + _SIZES + _CLIENT + _OPERATION + _TTL + rb"[\r\n]*")
_FIRST_LINE = re.compile(
    rb"\s*" + _TIME + _KEY + _SIZES + _CLIENT + _OPERATION + _TTL + rb"\s*$", re.M
)

# The cells behind the key, from the last to the first, as a key may hold commas.
_CELLS = tuple(
    (re.compile(pattern), what, expected)
    for pattern, what, expected in (
        (_TTL, "time to live", "whole seconds"),
        (_OPERATION[:-1], "operation", f"one of {b', '.join(OPERATIONS).decode()}"),
        (_CLIENT[:-1], "client", "a whole number"),
        (rb"[0-9]{1,9}", "value size", "bytes"),
        (rb"[0-9]{1,9}", "key size", "bytes"),
    )
)


def looks_like_twitter_cache(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be a cache trace."""
    return _FIRST_LINE.match(first_bytes) is not None


def read_twitter_cache(path: TracePath, limits: ReadLimits = DEFAULT_LIMITS) -> KeyTrace:
    """Read a cache trace, plain or compressed, in one pass.

    Raises:
        TraceError: As `account` does; a line is damaged that does not have the seven cells, or
            whose time goes backwards.
    """
    columns = KeyColumns()

    def take(line: bytes) -> str | None:
        match = _LINE.fullmatch(line)
        if match is None:
            if not line.strip():
                return BLANK
            raise _describe(line)
        seconds, key, key_size, value_size, client, operation = match.groups()
        key_bytes, value_bytes = int(key_size), int(value_size)
        if max(key_bytes, value_bytes) > LARGEST_BYTES:
            column = match.start(3 if key_bytes > LARGEST_BYTES else 4) + 1
            raise LineError(column, "size too large", f"at most {LARGEST_BYTES} bytes")
        columns.times.add(int(seconds) * 10**9)
        stored = operation in STORES
        lengths = [len(OPERATIONS[operation]), key_bytes]
        columns.add(
            key,
            is_write=operation not in READS,
            value_bytes=value_bytes if stored else 0,
            request_bytes=request_bytes([*lengths, value_bytes] if stored else lengths),
            sender=client,
        )
        return None

    blocks = CacheBlocks(columns)
    return columns.trace(account(path, limits, "request", take, blocks.take_block), TICK_NS)


def _describe(line: bytes) -> LineError:
    """The error for a line that is no request: the time, or the last cell that is wrong."""
    text = line.rstrip(b"\r\n")
    if not re.match(_TIME, text):
        return LineError(1, "bad time", "whole seconds, then a comma")
    end = len(text)
    for pattern, what, expected in _CELLS:
        start = text.rfind(b",", 0, end) + 1
        if not start:
            return LineError(end + 1, "cells missing", "seven cells")
        if not pattern.fullmatch(text, start, end):
            return LineError(start + 1, f"bad {what}", expected)
        end = start - 1
    return LineError(1, "cells missing", "seven cells, the second of them not empty")
