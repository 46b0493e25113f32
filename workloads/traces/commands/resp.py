"""How long commands are in RESP, Redis's protocol: arrays of bulk strings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workloads.traces.reading.columns import IntColumn


def _bulk_bytes(size_bytes: int) -> int:
    """Size of a RESP bulk string: `$`, its length in digits, CR LF, the string, CR LF."""
    return 5 + len(str(size_bytes)) + size_bytes


# Most arguments are short, and a look-up costs a third of the computation.
_SHORT_BULK_BYTES = tuple(_bulk_bytes(size) for size in range(4096))
_SHORT_BULK_COLUMN = np.array(_SHORT_BULK_BYTES, np.int64)
_POWERS = 10 ** np.arange(1, 18, dtype=np.int64)


def bulk_bytes(sizes: IntColumn) -> IntColumn:
    """Sizes of RESP bulk strings of these lengths."""
    if sizes.max(initial=0) < len(_SHORT_BULK_COLUMN):
        return _SHORT_BULK_COLUMN[sizes]
    bulks: IntColumn = 6 + np.searchsorted(_POWERS, sizes, side="right") + sizes
    return bulks


def request_bytes(argument_bytes: Sequence[int]) -> int:
    """Size of a command in RESP: `*`, the number of arguments, CR LF, each as a bulk string.

    Args:
        argument_bytes: Length of each argument, the command's name being the first.
    """
    size_bytes = 3 + len(str(len(argument_bytes)))
    for length in argument_bytes:
        size_bytes += _SHORT_BULK_BYTES[length] if length < 4096 else _bulk_bytes(length)
    return size_bytes
