"""Dask's own commands, as processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

PATH = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
"""Where workers find the packages, and the fake program."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, *commands: Sequence[str]) -> Iterator[None]:
    """Have commands run in a folder, until all of them and what they started are killed."""
    with ExitStack() as stack:
        for command in commands:
            process = subprocess.Popen(  # noqa: S603 - Dask's own command
                [sys.executable, "-m", "dask", *command],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": PATH},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            stack.callback(process.wait)
            stack.callback(os.killpg, process.pid, signal.SIGKILL)
        yield
