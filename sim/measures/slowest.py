"""The slowest requests one by one, with what each was spent on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays import IntArray
from sim.machine.causes import Cause
from sim.measures.by_cause import NOT_THE_SUM, ByCause, listed, of_rows

SLOWEST = 10
"""So many of the slowest are kept one by one."""
_MANY = 10 * SLOWEST
"""More are not sorted."""


@dataclass(frozen=True)
class SlowRequest:
    """One of the slowest.

    Attributes:
        at_ns: when it was answered.
        latency_ns: how long it took.
        by_cause: what that was spent on; adds up to the latency.
    """

    at_ns: int
    latency_ns: int
    by_cause: Mapping[Cause, int]

    @property
    def place(self) -> tuple[int, int]:
        """Sorts the slowest first, and the earliest of those that took as long."""
        return -self.latency_ns, self.at_ns


class Slowest:
    """The slowest of all that are recorded, at most `SLOWEST`; of those as slow the earliest.

    Attributes:
        ones: in the order of their places.
    """

    def __init__(self) -> None:
        self.ones: list[SlowRequest] = []

    def add(
        self, at_ns: IntArray, latency_ns: IntArray, weights: IntArray, by_cause: ByCause
    ) -> None:
        """Keep those of some rows (at least one, of positive weights) that are among the slowest.

        The ``w`` requests of a row share each cause so that all add up: the causes in the order of
        their names, of what they add up to so far the request ``k`` (from 0) has
        ``(sum + w - 1 - k) // w``.

        Raises:
            ValueError: the causes of one of them do not add up to its latencies.
        """
        if not self._has_place_for(int(latency_ns.max()), int(at_ns.min())):
            return
        least_ns = self.ones[-1].latency_ns if len(self.ones) == SLOWEST else 0
        rows = _slowest_rows(at_ns, latency_ns, least_ns)
        times = sorted(of_rows(by_cause, rows).items(), key=lambda item: item[0].name)
        each = [(cause, listed(amounts, rows.size)) for cause, amounts in times]
        columns = (column[rows].tolist() for column in (at_ns, latency_ns, weights))
        for row, (at, latency, weight) in enumerate(zip(*columns, strict=True)):
            if not self._has_place_for(latency, at):
                continue
            parts = [(cause, amounts[row]) for cause, amounts in each if amounts[row]]
            if sum(amount for _, amount in parts) != latency * weight:
                raise ValueError(NOT_THE_SUM)
            self.keep(SlowRequest(at, latency, share) for share in _shares(parts, weight))

    def keep(self, others: Iterable[SlowRequest]) -> None:
        """Keep those that are among the slowest."""
        self.ones = sorted([*self.ones, *others], key=lambda one: one.place)[:SLOWEST]

    def _has_place_for(self, longest_ns: int, earliest_ns: int) -> bool:
        """Whether one that took so long, so early, is among the slowest."""
        if len(self.ones) < SLOWEST:
            return True
        return (-longest_ns, earliest_ns) < self.ones[-1].place


def _slowest_rows(at_ns: IntArray, latency_ns: IntArray, least_ns: int) -> IntArray:
    """Which rows are slowest, none below a bound, at most `SLOWEST`, in order of their place."""
    rows = np.flatnonzero(latency_ns >= least_ns)
    if rows.size > _MANY:  # as under a load that grows, where sorting them takes long
        found_ns = latency_ns[rows]
        rows = rows[found_ns >= np.partition(found_ns, -SLOWEST)[-SLOWEST]]
    order: IntArray = rows[np.lexsort((at_ns[rows], -latency_ns[rows]))[:SLOWEST]]
    return order


def _shares(parts: Sequence[tuple[Cause, int]], weight: int) -> Iterator[dict[Cause, int]]:
    """What each of the first requests of a row has of its causes, see `Slowest.add`."""
    for request in range(min(weight, SLOWEST)):
        shares, total, before = {}, 0, 0
        for cause, amount in parts:
            total += amount
            upto = (total + weight - 1 - request) // weight
            shares[cause], before = upto - before, upto
        yield shares
