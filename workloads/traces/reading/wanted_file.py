"""Whether a file is the one that is wanted, by the digest of its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sim.regular_file import open_regular
from workloads.traces.reading.text import TraceError, TracePath, trace_error


def check_digest(path: TracePath, wanted: str | None, found: str) -> None:
    """Compare what was read with what is wanted; None is any file.

    Raises:
        TraceError: it is another one.
    """
    if wanted not in (None, found):
        what = f"another file than was planned, or changed since then: SHA-256 {found}"
        raise trace_error(path, 1, 1, what, str(wanted))


@contextmanager
def blaming_another_file(path: TracePath, wanted: str | None) -> Iterator[None]:
    """If a file cannot be read because it is not the wanted one, that is what is said.

    Raises:
        TraceError: it cannot be read.
    """
    try:
        yield
    except TraceError:
        if wanted is not None:
            with suppress(OSError), open_regular(path) as stream:
                check_digest(path, wanted, hashlib.file_digest(stream, "sha256").hexdigest())
        raise
