"""Which executor the options of a command ask for."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec

from experiments.execution.executors.here import InThisProcess
from experiments.execution.executors.interface import Executor, PointLimits
from experiments.execution.executors.local import LocalProcesses
from experiments.execution.executors.tls import tls_files
from experiments.execution.executors.worker import StartMethod
from experiments.language.errors import InputError, Position, shown
from sim.units import parse_bytes, parse_duration


def local(jobs: int | None) -> Executor:
    """Up to ``jobs`` processes of this machine, one per core if None; 1 means this process."""
    jobs = _cores() if jobs is None else jobs
    return InThisProcess() if jobs == 1 else LocalProcesses(jobs)


def staying(executor: Executor) -> AbstractContextManager[None]:
    """Meanwhile an executor's processes, if it has some, wait for the next run of one store."""
    return executor.staying() if isinstance(executor, LocalProcesses) else nullcontext()


def chosen(
    jobs: int | None,
    scheduler: str | None,
    timeout: str | None,
    memory: str | None,
    start_method: StartMethod | None,
    *,
    tls_ca: str | None = None,
    tls_cert: str | None = None,
    tls_key: str | None = None,
) -> Executor:
    """The executor for the options of ``forksim run``, each None if it was not given.

    Raises:
        InputError: an option is wrong, or does not go with another.
    """
    limits = PointLimits(_seconds(timeout), _bytes(memory))
    tls = tls_files(scheduler, tls_ca, tls_cert, tls_key)
    if scheduler is not None:
        given = {"--memory": memory, "--start-method": start_method}
        for option, value in given.items():
            if value is not None:
                raise InputError.at(
                    Position(option),
                    f"{shown(value)}: not with --scheduler: expected the cluster to say it",
                )
        if find_spec("distributed") is None:
            raise InputError.at(
                Position("--scheduler"),
                "Dask is not installed: expected the extra, pip install 'forksim[dask]'",
            )
        executor: Executor = import_module("experiments.execution.executors.dask").cluster(
            scheduler, limits, tls
        )
        return executor
    if limits == PointLimits() and start_method is None:
        return local(jobs)
    return LocalProcesses(_cores() if jobs is None else jobs, limits, start_method or "spawn")


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))  # a container may have fewer than the machine
    return os.cpu_count() or 1


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        nanoseconds = parse_duration(text)
    except ValueError as error:
        raise InputError.at(Position("--timeout"), f"{shown(text)}: {error}") from None
    if nanoseconds == 0:
        raise InputError.at(Position("--timeout"), f"{shown(text)}: expected more than 0")
    return float(Decimal(nanoseconds) / 10**9)


def _bytes(text: str | None) -> int | None:
    if text is None:
        return None
    if sys.platform != "linux":
        raise InputError.at(Position("--memory"), f"{shown(text)}: expected on Linux only")
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise InputError.at(Position("--memory"), f"{shown(text)}: {error}") from None
