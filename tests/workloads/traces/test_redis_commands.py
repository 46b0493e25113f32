"""Which keys Redis commands write, from the command table's flags and key specifications."""

from __future__ import annotations

from itertools import product

import pytest

from workloads.traces.commands import redis
from workloads.traces.commands.redis import COMMANDS, Command, command_of


def effect(text: str) -> tuple[bool, list[str], list[int]]:
    """Whether a command line writes, its recorded keys, and the bytes stored under each."""
    arguments = [word.encode() for word in text.split(" ")]
    command = command_of(arguments)
    assert command is not None
    if not 0 < command.key < len(arguments):
        return command.writes, [], []
    keys = [arguments[command.key].decode()]
    sizes = [sum(map(len, arguments[command.value]))]
    for position in range(*command.further.indices(len(arguments))):
        keys.append(arguments[position].decode())
        sizes.append(len(arguments[position + 1]) if command.paired else 0)
    return command.writes, keys, sizes


@pytest.mark.parametrize(
    ("text", "keys", "sizes"),
    [
        ("SET k 12345 EX 10 NX", ["k"], [5]),
        ("setnx k 12", ["k"], [2]),
        ("SETEX k 10 12345", ["k"], [5]),
        ("PSETEX k 10 123", ["k"], [3]),
        ("SETRANGE k 6 Redis", ["k"], [5]),
        ("APPEND k abc", ["k"], [3]),
        ("GETSET k abc", ["k"], [3]),
        ("MSET a 1 b 22 c 333", ["a", "b", "c"], [1, 2, 3]),
        ("MSETNX a 1", ["a"], [1]),
        ("MSETEX 2 a 1 b 22 EX 10", ["a", "b"], [1, 2]),
        ("INCR k", ["k"], [0]),
        ("DEL a b c", ["a", "b", "c"], [0, 0, 0]),
        ("UNLINK a", ["a"], [0]),
        ("EXPIRE k 10", ["k"], [0]),
        ("GETEX k EX 10", ["k"], [0]),
        ("RENAME a b", ["a", "b"], [0, 0]),
        ("COPY a b", ["b"], [0]),
        ("RESTORE k 0 12345", ["k"], [5]),
        ("HSET h f 12 g 3", ["h"], [5]),
        ("HDEL h f", ["h"], [0]),
        ("LPUSH l 1 22", ["l"], [3]),
        ("LSET l 0 abc", ["l"], [3]),
        ("LINSERT l BEFORE pivot abc", ["l"], [3]),
        ("BLPOP a b 0", ["a"], [0]),
        ("LMOVE a b LEFT RIGHT", ["a", "b"], [0, 0]),
        ("BRPOPLPUSH a b 0", ["a", "b"], [0, 0]),
        ("LMPOP 2 a b LEFT", ["a"], [0]),
        ("BLMPOP 0 2 a b LEFT", ["a"], [0]),
        ("SADD s a bb", ["s"], [3]),
        ("SMOVE a b member", ["a", "b"], [0, 0]),
        ("SUNIONSTORE d a b", ["d"], [0]),
        ("ZADD z 1 a", ["z"], [2]),
        ("ZUNIONSTORE d 2 a b", ["d"], [0]),
        ("BITOP AND d a b", ["d"], [0]),
        ("PFADD p a bb", ["p"], [3]),
        ("PFMERGE d a b", ["d"], [0]),
        ("XADD x * f vv", ["x"], [4]),
        ("XGROUP CREATE x g $", ["x"], [0]),
        ("XREADGROUP GROUP g streams COUNT 1 STREAMS a b > >", ["a", "b"], [0, 0]),
        ("SORT l BY w STORE d", ["d"], [0]),
        ("GEORADIUS g 1 2 3 km STORE d", ["d"], [0]),
        ("GEORADIUSBYMEMBER g m 3 km storedist d", ["d"], [0]),
        ("MIGRATE host 6379 k 0 100", ["k"], [0]),
        ("MIGRATE host 6379  0 100 KEYS a b", ["a", "b"], [0, 0]),
        ("FLUSHALL", [], []),
        ("SWAPDB 0 1", [], []),
    ],
)
def test_writes(text: str, keys: list[str], sizes: list[int]) -> None:
    assert effect(text) == (True, keys, sizes)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("GET k", ["k"]),
        ("MGET a b", ["a"]),
        ("EXISTS k", ["k"]),
        ("OBJECT ENCODING k", ["k"]),
        ("MEMORY USAGE k", ["k"]),
        ("ZUNION 2 a b", ["a"]),
        ("SORT l BY w", ["l"]),
        ("GEORADIUS g 1 2 3 km", ["g"]),
        ("XREAD COUNT 1 STREAMS a b 0 0", ["a"]),
        ("EVAL return 2 a b", ["a"]),
        ("EVAL return 0 argument", []),
        ("EVALSHA abc -1 argument", []),
        ("FCALL f 1 a", ["a"]),
        ("PING hello", []),
        ("SELECT 1", []),
        ("PUBLISH channel message", []),
        ("KEYS *", []),
        ("SCAN 0", []),
        ("MULTI", []),
        ("EXEC", []),
        ("SCRIPT LOAD text", []),
    ],
)
def test_reads(text: str, keys: list[str]) -> None:
    assert effect(text) == (False, keys, [0] * len(keys))


def test_no_length_of_a_line_breaks_a_command() -> None:
    """Redis would refuse too short a line, but a damaged trace may hold it."""
    words = (b"1", b"STREAMS", b"STORE", b"KEYS", b"", b"999999999", b"9" * 30)
    for name, word, length in product(COMMANDS, words, range(6)):
        command = command_of([name] + [word] * length)
        assert command is not None
        assert command.variant is None
        assert command.key >= 0


def test_unknown_is_none() -> None:
    assert command_of([b"JSON.SET", b"k"]) is None


def test_a_command_described_twice_raises() -> None:
    with pytest.raises(ValueError, match="GET is described twice"):
        redis._table(((Command(writes=False), "GET SET GET"),))
