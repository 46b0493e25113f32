"""What a machine's cores and locks were used for, as metrics."""

from __future__ import annotations

from collections.abc import Iterator

from models.kernel.kernel import Kernel
from sim.machine.causes import Cause
from sim.measures.metrics import Better, Group, Metric, Unit


def _time(name: str, better: Better = Better.NEITHER) -> Metric:
    return Metric(f"{name}_ns", Unit.NANOSECONDS, better, name, Group.DETAILS)


def use_of(kernel: Kernel) -> dict[Metric, int]:
    """The time of all cores by cause, and how every kind of lock was used, up to now.

    Times of cores add up to their number times the time that has passed.
    """
    return {**dict(_of_cores(kernel)), **dict(_of_locks(kernel))}


def _of_cores(kernel: Kernel) -> Iterator[tuple[Metric, int]]:
    spent_ns = kernel.machine.scheduler.core_time_ns()
    for cause in sorted(spent_ns, key=lambda cause: cause.name):
        yield core_time(cause), spent_ns[cause]


def core_time(cause: Cause) -> Metric:
    """How long all cores worked for a cause; there only if any did."""
    return _time(f"core_time/{cause.name}")


def _of_locks(kernel: Kernel) -> Iterator[tuple[Metric, int]]:
    """Holds of several readers at the same time count in full each."""
    for kind, used in sorted(kernel.locks.by_kind.items()):
        for mode, use in used.items():
            if not use.acquired:
                continue
            name = f"lock/{kind}/{mode}"
            yield Metric(name, group=Group.DETAILS), use.acquired
            yield _time(f"{name}_held"), use.held_by_ns(kernel.machine.clock.now)
            yield _time(f"{name}_waited", Better.LESS), use.waited_ns
            yield _time(f"{name}_longest_wait", Better.LESS), use.longest_wait_ns
