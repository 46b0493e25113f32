"""The programs that measure, as processes of which none outlives a stage."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from experiments.measuring.tables import row_of

COMPILERS = ("cc", "gcc", "clang")
"""In the order in which they are tried."""

SOURCE = Path(__file__).with_name("hostbench.c")
"""With the headers beside it."""

COMPILED = "C"
INTERPRETED = "NumPy"

_BY_NUMPY = frozenset({"forks", "fills", "faults", "copies"})
_COMPILED_STAGES = _BY_NUMPY | {"huge_faults", "switches", "gaps"}
_SLOWEST_COMPILER_S = 60
_MIB = 2**20


class StageError(Exception):
    """A stage could not be measured; the message is one line that says why."""


@dataclass(frozen=True)
class Bench:
    """A program that measures.

    Attributes:
        language: `COMPILED` or `INTERPRETED`.
        compiler: what the compiler calls itself; None if there is none.
        command: the program.
        stages: the names of those that it knows.
        own_bytes: memory that its process and a child of it take besides what is measured.
        shortcomings: what the program cannot measure, and why, in words.
    """

    language: str
    compiler: str | None
    command: Sequence[str]
    stages: Collection[str]
    own_bytes: int
    shortcomings: Sequence[str] = ()

    @property
    def is_compiled(self) -> bool:
        """Whether it is the program in C."""
        return self.language == COMPILED

    def run(self, words: Sequence[str], timeout_s: float) -> list[tuple[str, list[str]]]:
        """Do a stage in a process of its own, which is over afterwards, whatever is raised.

        Args:
            words: the stage and its arguments.
            timeout_s: after so long it is ended.

        Returns:
            its rows, each with the name of its table.

        Raises:
            StageError: it ended otherwise than it should, or took too long.
        """
        with _process([*self.command, *words]) as process:
            try:
                out, err = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                raise StageError(f"not over after {timeout_s:.0f} s") from None
        if process.returncode:
            lines = err.strip().splitlines()
            said = lines[-1] if lines else f"ended with {process.returncode}"
            raise StageError(said)
        try:
            return [row_of(line) for line in out.splitlines()]
        except ValueError as error:
            raise StageError(str(error)) from None


@contextmanager
def bench() -> Iterator[Bench]:
    """The best program that there is: in C where it can be compiled and run, else in Python."""
    with tempfile.TemporaryDirectory(prefix="forksim-") as folder:
        program = Path(folder) / "hostbench"
        reasons = []
        for name in COMPILERS:
            compiler = shutil.which(name)
            if compiler is None:
                continue
            try:
                _compile(compiler, program)
                compiled = Bench(
                    COMPILED, _version(compiler), [str(program)], _COMPILED_STAGES, 4 * _MIB
                )
                compiled.run(["check"], _SLOWEST_COMPILER_S)
            except (OSError, StageError) as error:
                reasons.append(f"{name}: {error}")
                continue
            yield compiled
            return
        why = "; ".join(reasons) or "no compiler"
        yield Bench(
            INTERPRETED,
            None,
            [sys.executable, "-P", "-m", "experiments.measuring.numpy_bench"],
            _BY_NUMPY,
            64 * _MIB,
            (
                f"measured without C ({why})",
                "not measured: forks of an empty process (the interpreter's own is in all forks)",
                "not measured: single faults, their tails, and those in 2 MiB pages",
                "not measured: forks of hugetlb pages, two forks at once",
                "not measured: switches between processes, gaps of a busy loop",
            ),
        )


def _compile(compiler: str, program: Path) -> None:
    _finished([compiler, "-O2", "-pthread", "-o", str(program), str(SOURCE)])


def _version(compiler: str) -> str:
    return _finished([compiler, "--version"]).partition("\n")[0].strip()


def _finished(command: Sequence[str]) -> str:
    """What a command that must succeed prints."""
    with _process(command) as process:
        try:
            out, err = process.communicate(timeout=_SLOWEST_COMPILER_S)
        except subprocess.TimeoutExpired:
            raise StageError(f"not over after {_SLOWEST_COMPILER_S} s") from None
    if process.returncode:
        raise StageError((err.strip().splitlines() or ["failed"])[-1])
    return out


@contextmanager
def _process(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A process in a group of its own; all of the group is over afterwards.

    A terminal's Ctrl-C goes to this process alone, which then ends the group.
    """
    process = subprocess.Popen(  # noqa: S603 - a compiler, and our own programs
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # NumPy's libraries would start threads
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
