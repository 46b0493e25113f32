"""A limit on what this process may allocate, while it lasts."""

from __future__ import annotations

import errno
import resource
from pathlib import Path
from types import TracebackType

_RESERVE_BYTES = 4 * 2**20
"""Given back before the limit is lifted, since that takes some memory too."""


class MemoryLimit:
    """Meanwhile this process may allocate so much more than it has; beyond it gets a MemoryError.

    Args:
        memory_bytes: how much more; None is no limit.
    """

    def __init__(self, memory_bytes: int | None) -> None:
        self._memory_bytes = memory_bytes
        self._before = resource.getrlimit(resource.RLIMIT_DATA)
        self._reserve = b""

    def __enter__(self) -> None:
        if self._memory_bytes is None:
            return
        self._reserve = bytes(_RESERVE_BYTES)
        most = self._before[1]
        wanted = _allocated_bytes() + self._memory_bytes
        if most != resource.RLIM_INFINITY:
            wanted = min(wanted, most)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reserve = b""
        resource.setrlimit(resource.RLIMIT_DATA, self._before)


def is_want_of_memory(error: BaseException) -> bool:
    """Whether an error says, in whatever words, that nothing more could be allocated."""
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError) and "can't start new thread" in str(error))
        or (isinstance(error, ImportError) and " map " in str(error))  # a shared library
    )


def _allocated_bytes() -> int:
    status = Path("/proc/self/status").read_text("ascii", "replace")
    used = next(line.split()[1] for line in status.splitlines() if line.startswith("VmData:"))
    return int(used) * 1024
