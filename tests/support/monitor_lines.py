"""MONITOR lines as Redis writes them: the encoder that the reader's tests read back."""

from __future__ import annotations

from collections.abc import Sequence

_NAMED = {
    ord("\\"): b"\\\\",
    ord('"'): b'\\"',
    ord("\n"): b"\\n",
    ord("\r"): b"\\r",
    ord("\t"): b"\\t",
    ord("\a"): b"\\a",
    ord("\b"): b"\\b",
}


def quoted(argument: bytes) -> bytes:
    """`argument` as sds.c's `sdscatrepr` prints it."""
    escaped = b"".join(
        _NAMED.get(byte, bytes([byte]) if 32 <= byte < 127 else b"\\x%02x" % byte)
        for byte in argument
    )
    return b'"' + escaped + b'"'


def line(
    *arguments: bytes,
    time_us: int = 1_700_000_000_000_000,
    database: int = 0,
    sender: bytes = b"127.0.0.1:50000",
) -> bytes:
    """One command's line, its line end included."""
    head = b"%d.%06d [%d %s] " % (time_us // 10**6, time_us % 10**6, database, sender)
    return head + b" ".join(quoted(argument) for argument in arguments) + b"\n"


def resp(arguments: Sequence[bytes]) -> bytes:
    """The command as a client sends it (RESP, array of bulk strings)."""
    bulks = b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in arguments)
    return b"*%d\r\n" % len(arguments) + bulks
