"""Blocks of MONITOR lines, taken in columns as far as they are what most lines are.

A line is *plain* if it has a time of ten digits and six, a client without quotes, arguments
(escapes and all) of which the first is a known command that means the same whatever the others are
and writes one key at most, and a sound end. A plain line becomes what the reader of lines would
make of it; all others are left to that reader, which alone knows what is wrong with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from workloads.traces.commands.redis import COMMANDS, NOTHING
from workloads.traces.commands.resp import bulk_bytes
from workloads.traces.kinds.key_trace import LONGEST_SENDER_BYTES
from workloads.traces.kinds.monitor_trace import SCRIPT, TICK_NS, MonitorColumns
from workloads.traces.reading.columns import IntColumn
from workloads.traces.reading.slices import (
    Numbering,
    Text,
    are_digits,
    eight_digits,
    padded,
    words_of,
)

FEWEST = 16
"""So many lines with as many arguments are worth columns."""

# Bytes that delimit, escape or may not be in a plain line: 1, others 0.
_STANDS_OUT = bytes(byte < 32 or byte in b'"\\\x7f' for byte in range(256))
_SPACE, _SLASH = ord(" "), ord("\\")
_HEAD_AT = 19
"""Where the data base begins: behind `1795407776.482128 [`."""
_HEAD = re.compile(rb"([0-9]{1,10}) ([^\x00-\x1f]{1,%d})" % LONGEST_SENDER_BYTES)
_LONGEST_HEAD = 11 + LONGEST_SENDER_BYTES
# How many bytes more an escape is than what it means, by the byte behind its backslash.
_SURPLUS = np.zeros(256, np.int64)
_SURPLUS[list(b'"\\nrtab')] = 1
_SURPLUS[ord("x")] = 3
_IS_HEX = np.zeros(256, np.bool_)
_IS_HEX[list(b"0123456789abcdefABCDEF")] = True

Flags = NDArray[np.bool_]


class BlockReader:
    """Appends the plain lines of blocks to columns; see `accounting`."""

    def __init__(self, columns: MonitorColumns) -> None:
        self._columns = columns
        # By number of a head (a data base and sender); 0 is none.
        self._head_numbers: dict[bytes, int] = {}
        self._senders: list[bytes] = [b""]
        self._database_of = np.zeros(1, np.int64)
        self._databases: list[bytes] = []
        self._heads = Numbering(self._numbers_of_heads, 2**12)
        self._commands = Numbering(_numbers_of_commands, 2**12)
        self._keys = Numbering(self._numbers_of_keys, 2**20)

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Append the plain lines in a row and yield their number, or yield another line."""
        lines = _Lines(block)
        if len(lines.ends):
            lines.take_heads(self._heads)
            lines.take_arguments(self._commands)
        edges = [0, *(np.flatnonzero(np.diff(lines.plain)) + 1).tolist(), len(lines.ends)]
        for first, after in pairwise(edges):
            if first < after and lines.plain[first] and self._append(lines, slice(first, after)):
                yield after - first
            else:
                for number in range(first, after):
                    yield block[lines.starts[number] : lines.ends[number] + 1]
        if lines.unfinished < len(block):
            yield block[lines.unfinished :]

    def _append(self, lines: _Lines, rows: slice) -> bool:
        """Append plain lines in a row; False, and nothing is appended, if a time is refused."""
        if not self._columns.times.extend(lines.time_us[rows], TICK_NS):
            return False
        head, start, end = lines.head[rows], lines.key_start[rows], lines.key_end[rows]
        with_key = np.flatnonzero(start)
        key = self._keys.of_all(
            lines.text,
            start[with_key],
            (end - start)[with_key],
            self._database_of[head[with_key]],
        )
        self._columns.extend(
            with_key,
            key,
            is_write=lines.is_write[rows],
            value_bytes=lines.value_bytes[rows],
            request_bytes=lines.request_bytes[rows],
            sender=head,
            senders=self._senders,
        )
        return True

    def _numbers_of_heads(self, heads: list[bytes], _: list[int]) -> list[int]:
        for head in heads:
            if head not in self._head_numbers:
                self._head_numbers[head] = self._new_head(head)
        return [self._head_numbers[head] for head in heads]

    def _new_head(self, head: bytes) -> int:
        match = _HEAD.fullmatch(head)
        if match is None:
            return 0
        database, sender = match.groups()
        if sender == SCRIPT:
            return 0
        if database not in self._databases:
            self._databases.append(database)
        self._database_of = np.append(self._database_of, self._databases.index(database))
        self._senders.append(sender)
        return len(self._senders) - 1

    def _numbers_of_keys(self, written: list[bytes], databases: list[int]) -> list[int]:
        prefixes = [database + b" " for database in self._databases]
        return self._columns.keys.of_all(
            prefixes[database] + (_unescaped(key) if b"\\" in key else key)
            for key, database in zip(written, databases, strict=True)
        )


def _unescaped(written: bytes) -> bytes:
    """What is meant: an escape means the same in Python; a byte is a character meanwhile."""
    return written.decode("unicode_escape").encode("latin-1")


_NAMES = list(COMMANDS)


def _numbers_of_commands(names: list[bytes], arguments: list[int]) -> list[int]:
    return [_number_of_command(*command) for command in zip(names, arguments, strict=True)]


def _number_of_command(name: bytes, arguments: int) -> int:
    """The number of a command in `_NAMES`; -1 if with so many arguments it is not plain."""
    command = COMMANDS.get(name.upper())
    if command is None or command.variant is not None:
        return -1
    if command.further is not NOTHING and range(*command.further.indices(arguments)):
        return -1
    return _NAMES.index(name.upper())


class _Lines:
    """The lines of a block, and what each is if it is plain. Arrays have one item a line.

    Attributes:
        text: the block, `padded`.
        starts: where a line begins ...
        ends: ... and its newline.
        unfinished: where a last line without an end begins.
        plain: whether it is.
        time_us: Unix time.
        head: number of its data base and sender.
        key_start: where the key begins, as it is written (0 if there is none) ...
        key_end: ... and ends.
    """

    def __init__(self, block: bytes) -> None:
        self.text = padded(block)
        self._words = words_of(self.text)
        # One look at every byte; all that follows is about the few that stand out.
        odd = np.flatnonzero(np.frombuffer(block.translate(_STANDS_OUT), np.bool_))
        code = self.text[odd]
        is_end, is_quote = code == ord("\n"), code == ord('"')
        self.ends = odd[is_end]
        count = len(self.ends)
        self.starts = np.append(0, self.ends + 1)[:count]
        self.unfinished = int(self.ends[-1]) + 1 if count else 0
        quotes = odd[is_quote]
        self.plain = np.ones(count, np.bool_)
        self._escapes = _Escapes(self.text, odd[code == _SLASH])
        if len(odd) > count + len(quotes):
            forbidden = odd[~(is_end | is_quote | (code == _SLASH))]
            for places in (forbidden, self._escapes.damaged):
                at = np.searchsorted(self.ends, places)
                self.plain[at[at < count]] = False
            quotes = quotes[~np.isin(quotes, self._escapes.starts + 1)]
        self._quotes = np.append(quotes, 0)
        until = np.searchsorted(quotes, self.ends)
        self._first_quote = np.append(0, until)[:count]
        self._quote_count = until - self._first_quote
        self.plain &= (self._quote_count >= 2) & (self._quote_count % 2 == 0)
        self.time_us, self.head, self.key_start, self.key_end = np.zeros((4, count), np.int64)
        self.value_bytes, self.request_bytes = np.zeros((2, count), np.int64)
        self.is_write = np.zeros(count, np.bool_)

    def take_heads(self, heads: Numbering) -> None:
        """Read what stands before the first quotes."""
        quote = self._quotes[self._first_quote]
        length = quote - 2 - (self.starts + _HEAD_AT)
        plain = self.plain & (length >= 3) & (length <= _LONGEST_HEAD)
        plain &= self._escapes.surplus(self.starts, quote) == 0
        rows = np.flatnonzero(plain)
        starts, quote, length = self.starts[rows], quote[rows], length[rows]
        # Digits 1-8, 9, 10 and behind the point 11-16, for which 0 and 10 are put before 11.
        first, last = self._words[starts], self._words[starts + 9]
        ninth = self.text[starts + 8] - np.uint8(ord("0"))
        sixteenth = last & np.uint64(0xFFFFFFFFFFFF0000)
        sixteenth |= ((last & np.uint64(0xFF)) << np.uint64(8)) | np.uint64(ord("0"))
        sound = are_digits(first) & are_digits(sixteenth) & (ninth <= 9)
        sound &= (last & np.uint64(0xFF00)) == np.uint64(ord(".") << 8)
        sound &= (self.text[starts + 17] == _SPACE) & (self.text[starts + 18] == ord("["))
        sound &= (self.text[quote - 2] == ord("]")) & (self.text[quote - 1] == _SPACE)
        head = heads.of_all(self.text, starts + _HEAD_AT, length, np.zeros_like(length))
        sound &= head > 0
        self.plain = np.zeros_like(plain)
        self.plain[rows[sound]] = True
        self.head[rows] = head
        self.time_us[rows] = (
            eight_digits(first) * 10**8 + ninth.astype(np.int64) * 10**7 + eight_digits(sixteenth)
        )

    def take_arguments(self, commands: Numbering) -> None:
        """Read the commands, those with as many arguments together."""
        counts = np.where(self.plain, self._quote_count, 0)
        self.plain = np.zeros_like(self.plain)
        rows_of = np.bincount(counts)
        rows_of[0] = 0
        for count in np.flatnonzero(rows_of >= FEWEST).tolist():
            rows = np.flatnonzero(counts == count)
            quotes = self._quotes[self._first_quote[rows] + np.arange(count)[:, np.newaxis]]
            sound = self.ends[rows] - quotes[-1] == 1
            for closing, opening in zip(quotes[1:-1:2], quotes[2::2], strict=True):
                sound &= (opening - closing == 2) & (self.text[closing + 1] == _SPACE)
            if not sound.all():
                rows, quotes = rows[sound], quotes[:, sound]
            self._take_commands(commands, rows, quotes[::2] + 1, quotes[1::2])

    def _take_commands(
        self, commands: Numbering, rows: IntColumn, starts: IntColumn, ends: IntColumn
    ) -> None:
        """Read commands whose arguments, [arguments, lines], begin and end there."""
        arguments = len(starts)
        sizes = ends - starts - self._escapes.surplus(starts, ends)
        number = commands.of_all(
            self.text, starts[0], ends[0] - starts[0], np.full(len(rows), arguments)
        )
        self.request_bytes[rows] = 3 + len(str(arguments)) + bulk_bytes(sizes).sum(axis=0)
        for known in np.unique(number[number >= 0]).tolist():
            command = COMMANDS[_NAMES[known]]
            chosen = np.flatnonzero(number == known)
            these = rows[chosen]
            self.plain[these] = True
            self.is_write[these] = command.writes
            if 0 < command.key < arguments:
                self.key_start[these] = starts[command.key, chosen]
                self.key_end[these] = ends[command.key, chosen]
                self.value_bytes[these] = sizes[command.value, chosen].sum(axis=0)


class _Escapes:
    """The escapes of a text.

    Attributes:
        starts: where each begins.
        damaged: where one begins that means nothing.
    """

    def __init__(self, text: Text, slashes: IntColumn) -> None:
        if len(slashes):
            # Of backslashes in a row the first begins an escape, the second ends it, and so on.
            numbers = np.arange(len(slashes))
            begins = np.append(True, np.diff(slashes) != 1)
            slashes = slashes[(numbers - np.maximum.accumulate(numbers * begins)) % 2 == 0]
        self.starts = slashes
        code = text[slashes + 1]
        is_hex = _IS_HEX[text[slashes + 2]] & _IS_HEX[text[slashes + 3]]
        surplus = _SURPLUS[code]
        self.damaged = slashes[(surplus == 0) | ((code == ord("x")) & ~is_hex)]
        self._surplus = np.append(0, np.cumsum(surplus))

    def surplus(self, starts: IntColumn, ends: IntColumn) -> IntColumn:
        """How many bytes more these slices are than what they mean."""
        if not len(self.starts):
            return np.zeros_like(starts)
        before, after = np.searchsorted(self.starts, starts), np.searchsorted(self.starts, ends)
        more: IntColumn = self._surplus[after] - self._surplus[before]
        return more
