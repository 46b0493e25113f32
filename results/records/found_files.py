"""Files of a run's folder as they are found there, whoever has written or changed them."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

from sim.regular_file import read_regular


def read_bytes(file: Path) -> bytes | None:
    """The content of a file, none of what is not a file; None if nothing has this name.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return read_regular(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.EINVAL):
            return b""
        raise


def read_json(file: Path) -> Any:
    """The data in a JSON file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON.
    """
    try:
        return json.loads(read_regular(file))
    except RecursionError:
        raise ValueError(f"{file}: nested too deeply") from None
