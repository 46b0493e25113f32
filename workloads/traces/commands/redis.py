"""Which Redis commands write, to which of their arguments' keys, and what they store there.

After the `write` flag and the key specifications of Redis' command table (`COMMAND`, versions 2.6
to 8). Positions count the command's name as 0. A command is described by what its line can tell:

* A command with the flag counts as a write although it may change nothing (SETNX on a present key).
* A blocking or multi-key pop names several keys and changes one: the first stands for it.
* EVAL, FCALL and EXEC do not write themselves; MONITOR shows what they do as lines of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

Arguments = Sequence[bytes]

NOTHING = slice(0, 0)
"""No arguments."""


class Command(NamedTuple):
    """What a command does to keys.

    Attributes:
        writes: Whether it may change the data set.
        key: Position of the first key that it writes, or reads if it writes none; 0 is no key.
        value: The arguments stored under `key`; for collections these are fields and members, with
            the options (`NX`, `MAXLEN` ...) among them.
        further: Positions of the other keys that it writes.
        paired: Each of the `further` keys is followed by its own value, as in MSET.
        variant: For a command whose meaning depends on its arguments: the `Command` that it is.
    """

    writes: bool
    key: int = 1
    value: slice = NOTHING
    further: slice = NOTHING
    paired: bool = False
    variant: Callable[[Arguments], Command] | None = None


_READ = Command(writes=False)
_READ_SECOND = Command(writes=False, key=2)
_READ_NOTHING = Command(writes=False, key=0)
_WRITE = Command(writes=True)
_WRITE_SECOND = Command(writes=True, key=2)
_WRITE_NOTHING = Command(writes=True, key=0)

UNKNOWN = _READ_NOTHING
"""How a command is taken that the table does not hold."""


def _number(arguments: Arguments, position: int) -> int:
    """The small count at `position`, 0 if there is none."""
    text = arguments[position] if position < len(arguments) else b""
    return int(text) if text.isdigit() and len(text) < 10 else 0


def _position(arguments: Arguments, words: tuple[bytes, ...], start: int) -> int:
    """Position of the first of `words` (upper case) at `start` or later; 0 if none is there."""
    for position in range(start, len(arguments)):
        if arguments[position].upper() in words:
            return position
    return 0


def _script(arguments: Arguments) -> Command:
    return Command(writes=False, key=3) if _number(arguments, 2) else _READ_NOTHING


def _sort(arguments: Arguments) -> Command:
    store = _position(arguments, (b"STORE",), 2)
    return Command(writes=True, key=store + 1) if store else _READ


def _geo_radius(arguments: Arguments) -> Command:
    store = _position(arguments, (b"STORE", b"STOREDIST"), 5)
    return Command(writes=True, key=store + 1) if store else _READ


def _stream_read(arguments: Arguments) -> Command:
    streams = _position(arguments, (b"STREAMS",), 1)
    return Command(writes=False, key=streams + 1) if streams else _READ_NOTHING


def _stream_read_group(arguments: Arguments) -> Command:
    # A group's last delivered entry and its pending list are written by every read. Position 4 is
    # the first that cannot be the group or the consumer, which may be called "streams".
    streams = _position(arguments, (b"STREAMS",), 4)
    if not streams:
        return _WRITE_NOTHING
    keys = (len(arguments) - streams - 1) // 2
    further = slice(streams + 2, streams + 1 + keys)
    return Command(writes=True, key=streams + 1, further=further)


def _migrate(arguments: Arguments) -> Command:
    if len(arguments) > 3 and arguments[3]:
        return Command(writes=True, key=3)
    keys = _position(arguments, (b"KEYS",), 6)
    if not keys:
        return _WRITE_NOTHING
    return Command(writes=True, key=keys + 1, further=slice(keys + 2, None))


def _set_many_with_options(arguments: Arguments) -> Command:
    end = 2 + 2 * _number(arguments, 1)
    further = slice(4, end, 2)
    return Command(writes=True, key=2, value=slice(3, min(4, end)), further=further, paired=True)


_GROUPS: tuple[tuple[Command, str], ...] = (
    (
        _READ,
        """GET STRLEN GETRANGE SUBSTR GETBIT BITCOUNT BITPOS BITFIELD_RO LCS MGET EXISTS TYPE TTL
        PTTL EXPIRETIME PEXPIRETIME DUMP TOUCH WATCH DIGEST
        HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HRANDFIELD HSCAN HTTL HPTTL HEXPIRETIME
        HPEXPIRETIME
        LLEN LRANGE LINDEX LPOS SCARD SISMEMBER SMISMEMBER SMEMBERS SRANDMEMBER SINTER SUNION SDIFF
        SSCAN
        ZCARD ZCOUNT ZLEXCOUNT ZSCORE ZMSCORE ZRANK ZREVRANK ZRANGE ZREVRANGE ZRANGEBYSCORE
        ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZRANDMEMBER ZSCAN
        GEOPOS GEODIST GEOHASH GEOSEARCH GEORADIUS_RO GEORADIUSBYMEMBER_RO SORT_RO
        PFCOUNT XLEN XRANGE XREVRANGE XPENDING""",
    ),
    (_READ_SECOND, "OBJECT MEMORY XINFO SINTERCARD ZINTER ZUNION ZDIFF ZINTERCARD"),
    (
        _READ_NOTHING,
        """PING ECHO SELECT QUIT RESET AUTH HELLO CLIENT COMMAND INFO TIME DBSIZE LASTSAVE ROLE WAIT
        WAITAOF LOLWUT READONLY READWRITE ASKING CLUSTER KEYS SCAN RANDOMKEY MULTI EXEC DISCARD
        UNWATCH PUBLISH SPUBLISH SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE
        SUNSUBSCRIBE PUBSUB SCRIPT FUNCTION MODULE CONFIG ACL SLOWLOG LATENCY MONITOR DEBUG SAVE
        BGSAVE BGREWRITEAOF SHUTDOWN SYNC PSYNC REPLCONF REPLICAOF SLAVEOF FAILOVER""",
    ),
    (
        _WRITE,
        """INCR DECR INCRBY DECRBY INCRBYFLOAT SETBIT BITFIELD GETDEL GETEX DELEX DELIFEQ EXPIRE
        PEXPIRE EXPIREAT PEXPIREAT PERSIST MOVE
        HDEL HINCRBY HINCRBYFLOAT HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HPERSIST HGETDEL HGETEX
        LPOP RPOP LREM LTRIM BLPOP BRPOP SPOP SREM SINTERSTORE SUNIONSTORE SDIFFSTORE
        ZINCRBY ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX ZPOPMIN ZPOPMAX BZPOPMIN
        BZPOPMAX ZUNIONSTORE ZINTERSTORE ZDIFFSTORE ZRANGESTORE GEOSEARCHSTORE PFMERGE
        XDEL XDELEX XTRIM XACK XACKDEL XCLAIM XAUTOCLAIM XSETID""",
    ),
    (_WRITE_SECOND, "COPY BITOP LMPOP ZMPOP XGROUP"),
    (Command(writes=True, key=3), "BLMPOP BZMPOP"),
    (_WRITE_NOTHING, "FLUSHALL FLUSHDB SWAPDB"),
    (Command(writes=True, value=slice(2, 3)), "SET SETNX GETSET APPEND"),
    (Command(writes=True, value=slice(3, 4)), "SETEX PSETEX SETRANGE LSET RESTORE RESTORE-ASKING"),
    (Command(writes=True, value=slice(4, 5)), "LINSERT"),
    (
        Command(writes=True, value=slice(2, None)),
        """HSET HMSET HSETNX HSETEX LPUSH RPUSH LPUSHX RPUSHX SADD ZADD GEOADD PFADD XADD""",
    ),
    (Command(writes=True, further=slice(2, None)), "DEL UNLINK"),
    (
        Command(writes=True, further=slice(2, 3)),
        "RENAME RENAMENX SMOVE RPOPLPUSH BRPOPLPUSH LMOVE BLMOVE",
    ),
    (
        Command(writes=True, value=slice(2, 3), further=slice(3, None, 2), paired=True),
        "MSET MSETNX",
    ),
    (Command(writes=True, variant=_set_many_with_options), "MSETEX"),
    (Command(writes=True, variant=_sort), "SORT"),
    (Command(writes=True, variant=_geo_radius), "GEORADIUS GEORADIUSBYMEMBER"),
    (Command(writes=False, variant=_stream_read), "XREAD"),
    (Command(writes=True, variant=_stream_read_group), "XREADGROUP"),
    (Command(writes=True, variant=_migrate), "MIGRATE"),
    (Command(writes=False, variant=_script), "EVAL EVALSHA EVAL_RO EVALSHA_RO FCALL FCALL_RO"),
)


def _table(groups: tuple[tuple[Command, str], ...]) -> dict[bytes, Command]:
    table: dict[bytes, Command] = {}
    for command, names in groups:
        for name in names.split():
            if name.encode() in table:
                raise ValueError(f"the Redis command {name} is described twice")
            table[name.encode()] = command
    return table


COMMANDS = _table(_GROUPS)
"""Every known command by its name in upper case."""


def command_of(arguments: Arguments) -> Command | None:
    """The `Command` that a line's arguments (name first) make, None if its name is unknown."""
    command = COMMANDS.get(arguments[0].upper())
    if command is not None and command.variant is not None:
        return command.variant(arguments)
    return command
