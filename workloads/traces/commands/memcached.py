"""Operations of memcached: which of them write, and what they are called in Redis."""

from __future__ import annotations

OPERATIONS: dict[bytes, bytes] = {
    b"get": b"GET",
    b"gets": b"GET",
    b"set": b"SET",
    b"add": b"SET",
    b"replace": b"SET",
    b"cas": b"SET",
    b"append": b"APPEND",
    b"prepend": b"APPEND",
    b"delete": b"DEL",
    b"incr": b"INCR",
    b"decr": b"DECR",
}
"""Every operation of its protocol that a cache trace knows, by the Redis command nearest to it."""

STORES = frozenset((b"set", b"add", b"replace", b"cas", b"append", b"prepend"))
"""Those that send a value."""

READS = frozenset((b"get", b"gets"))
"""Those that change nothing; all others may."""
