"""Scripts of this folder as processes of their own, none of which outlives its test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

FORKSIM_WITH_FAKE = Path(__file__).with_name("forksim_with_fake.py")
"""The command with the fake program registered."""

_started: list[subprocess.Popen[str]] = []


def start(script: str, *arguments: str, folder: Path) -> subprocess.Popen[str]:
    """A script of this folder at work in another, in a session of its own."""
    process = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, str(Path(__file__).with_name(script)), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _started.append(process)
    return process


def done(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command that ends."""
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def end_all() -> None:
    """Kill what was started and is not over, with all that it started."""
    while _started:
        process = _started.pop()
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
