r"""Reader of Redis MONITOR logs: every command a server executed, with its time and its sender.

A line, as `redis-cli MONITOR` prints it (a raw connection puts a `+` before and a CR behind):

    1795407776.482128 [0 127.0.0.1:57750] "SET" "key:1" "\x00v\"1\""

Unix time with six decimals, data base, sender (`ip:port`, `[ip6]:port`, `unix:path`), then the
arguments as sds.c's `sdscatrepr` writes them: printable ASCII as it is, the rest as
`\\ \" \n \r \t \a \b` or `\xHH`. `OK` is the server's reply to MONITOR itself.

What a script calls stands below the command that called the script, with `lua` for a sender. It is
no request of a client, but part of that command's work: the keys that it writes are further keys of
that command. Such lines before the first command belong to a script called before the log began.

Redis leaves out AUTH and every administrative command (BGSAVE, CONFIG, DEBUG ...), so a trace does
not tell when the server saved; secrets in other commands read "(redacted)".
"""

from __future__ import annotations

import re

from workloads.traces.formats.monitor_blocks import BlockReader
from workloads.traces.kinds.key_trace import LONGEST_SENDER_BYTES
from workloads.traces.kinds.monitor_trace import SCRIPT, MonitorColumns, MonitorTrace
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, LineError, account
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

MONITOR = About(
    "time, data base, sender, the keys that a command writes (or its first key), sizes of values",
    "values; what Redis leaves out (AUTH, administration)",
    "what scripts call (`[0 lua]`) is work of the command above: its writes are further "
    "keys of that command; unknown commands, which are named, are reads without a key",
)

REPLY = "reply OK"
"""Why a line that only says OK is skipped."""

SCRIPTED = "called by a script"
"""Why a line of what a script calls is no record: its writes are those of the command above."""

CALLED_BEFORE = "called by a script from before the log"
"""Why what a script calls is left out: the log does not have who called the script."""

_TIME = rb"([0-9]{1,10})\.([0-9]{6})"
_DATABASE = rb"([0-9]{1,10})"
_SENDER = rb"([^\x00-\x1f]{1,%d}?)" % LONGEST_SENDER_BYTES
# What needs no escape: printable ASCII but quote and backslash, and bytes from 0x80 on, as some C
# libraries call them printable. Possessive, so that a megabyte of escapes is one pass without
# backtracking. A set of ranges is scanned twice as fast as the complement of one.
_PLAIN = rb"[ !#-\[\]-~\x80-\xff]*+"
_TEXT = _PLAIN + rb'(?:\\(?:["\\nrtab]|x[0-9a-fA-F]{2})' + _PLAIN + rb")*+"
_ARGUMENT = rb'"' + _TEXT + rb'"'
_LINE = re.compile(
    rb"\+?" + _TIME + rb" \[" + _DATABASE + rb" " + _SENDER + rb"\] "
    rb"(" + _ARGUMENT + rb"(?: " + _ARGUMENT + rb")*+)\r?\n?"
)  # fmt: skip
_ARGUMENTS = re.compile(_ARGUMENT)
_FIRST_LINES = re.compile(rb"\s*\+?OK\s*(?:$|\n)")
_ANY_LINE = re.compile(rb"^\s*\+?" + _TIME + rb" \[", re.MULTILINE)

# What a line consists of, for the message about one that does not: pattern, name, what is expected.
_PARTS = tuple(
    (re.compile(pattern), what, expected)
    for pattern, what, expected in (
        (rb"\+?" + _TIME + rb" ", "time", "Unix time with six decimals, then a space"),
        (rb"\[" + _DATABASE + rb" ", "data base", "'[', a number, then a space"),
        (_SENDER + rb'\] (?=")', "sender", """an address, 'lua' or 'unix:' path, then '] "'"""),
    )
)
_OPEN_TEXT = re.compile(rb'"' + _TEXT)


def looks_like_monitor(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be a MONITOR log."""
    # A terminal's prompt may have been copied with the log.
    return bool(_FIRST_LINES.match(first_bytes) or _ANY_LINE.search(first_bytes))


def read_monitor(path: TracePath, limits: ReadLimits = DEFAULT_LIMITS) -> MonitorTrace:
    """Read a MONITOR log, plain or compressed, in one pass; values are measured, never kept.

    Raises:
        TraceError: As `account` does; a line is damaged that is neither a command, `OK` nor blank,
            or whose time goes backwards.
    """
    columns = MonitorColumns()

    def take(line: bytes) -> str | None:
        match = _LINE.fullmatch(line)
        if match is None:
            text = line.strip()
            if not text:
                return BLANK
            if text in (b"OK", b"+OK"):
                return REPLY
            raise _describe(line)
        seconds, microseconds, database, sender, arguments = match.groups()
        if sender == SCRIPT:
            if not len(columns):
                return CALLED_BEFORE
            columns.add_called(database, _split(arguments))
            return SCRIPTED
        columns.times.add(int(seconds + microseconds) * 1000)
        columns.add_command(database, sender, _split(arguments))
        return None

    accounting = account(path, limits, "command", take, BlockReader(columns).take_block)
    return columns.monitor_trace(accounting)


def _split(quoted: bytes) -> list[bytes]:
    """The arguments of a well-formed command, unescaped."""
    if b"\\" not in quoted:
        # Without escapes every quote is a delimiter, and the text alternates between them.
        return quoted[1:-1].split(b'" "')
    return [
        # Each escape that _ARGUMENT allows means in Python what it means to Redis, and each byte
        # is one character on the way.
        argument[1:-1].decode("unicode_escape").encode("latin-1") if b"\\" in argument
        else argument[1:-1]
        for argument in _ARGUMENTS.findall(quoted)
    ]  # fmt: skip


def _describe(line: bytes) -> LineError:
    """The error for a line that is no command: the first part that is not as it should be."""
    position = 0
    for pattern, what, expected in _PARTS:
        match = pattern.match(line, position)
        if match is None:
            return LineError(position + 1, f"bad {what}", expected)
        position = match.end()
    while match := _ARGUMENTS.match(line, position):
        position = match.end()
        if line[position : position + 2] == b' "':
            position += 1
        else:
            return LineError(position + 1, "bad end", "a space and a quote, or a line end")
    open_text = _OPEN_TEXT.match(line, position)
    position = open_text.end() if open_text else position
    expected = r"""printable text, one of \\ \" \n \r \t \a \b \xHH, or a closing quote"""
    return LineError(position + 1, "bad argument", expected)
