"""Operations on keys by the names, or codes, that traces of any origin give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from workloads.traces.commands.memcached import OPERATIONS, READS, STORES
from workloads.traces.commands.redis import COMMANDS, NOTHING
from workloads.traces.reading.fields import SaidError


class Operation(NamedTuple):
    """What an operation does to its key.

    Attributes:
        writes: Whether it may change the data set.
        stores: Whether it sends a value.
    """

    writes: bool
    stores: bool


_READ, _STORE, _CHANGE = Operation(False, False), Operation(True, True), Operation(True, False)

_OTHERS: dict[str, Operation] = {
    **dict.fromkeys(("read", "r", "scan", "head", "get_lease", "lease_get", "gat"), _READ),
    **dict.fromkeys(("write", "w", "put", "insert", "update", "set_lease", "lease_set"), _STORE),
    **dict.fromkeys(("del", "remove", "touch", "expire"), _CHANGE),
}

BY_NAME: dict[str, Operation] = {
    **{
        name.decode().lower(): Operation(
            command.writes, command.writes and command.value is not NOTHING
        )
        for name, command in COMMANDS.items()
    },
    **{name.decode(): Operation(name not in READS, name in STORES) for name in OPERATIONS},
    **_OTHERS,
}
"""Operations by their names in lower case: Redis's, memcached's, and those of other stores."""

CODES: dict[str, Mapping[str, str]] = {
    "libcachesim": {
        "1": "get",
        "2": "gets",
        "3": "set",
        "4": "add",
        "5": "cas",
        "6": "replace",
        "7": "append",
        "8": "prepend",
        "9": "delete",
        "10": "incr",
        "11": "decr",
        "12": "read",
        "13": "write",
        "14": "update",
    },
    "cachebench": {"0": "set", "1": "get", "2": "del"},
}
"""What numbers mean to programs that write them: `req_op_e` of libCacheSim (since 0 is none; older
versions began with get at 0), `OpType` of CacheLib's CacheBench."""


def by_codes(codes: Mapping[str, str]) -> Mapping[bytes, Operation]:
    """Operations by what stands for them: their names, and these codes.

    Args:
        codes: names of operations by codes, any case.

    Raises:
        SaidError: A code stands for an operation that is not known.
    """
    found = {name.encode(): operation for name, operation in BY_NAME.items()}
    for code, name in codes.items():
        if name.lower() not in BY_NAME:
            expected = "read, write or a command of Redis or memcached"
            raise SaidError(f"operations: {name!r} for {code!r}", expected)
        found[code.lower().encode()] = BY_NAME[name.lower()]
    return found
