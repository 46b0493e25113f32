"""Latencies and their causes by phase."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray
from sim.measures.by_cause import ByCause, of_rows
from sim.measures.cause_sums import CauseSums
from sim.measures.phases import PHASES, Phase, Phases


class PhasedSums:
    """Sums by cause of the requests of each phase.

    Args:
        phases: the phases of the run that they are of.
    """

    def __init__(self, phases: Phases) -> None:
        self._phases = phases
        self._by_phase: dict[Phase, CauseSums] = {}
        self._undecided: CauseSums | None = None

    def add(
        self, at_ns: IntArray, latency_ns: IntArray, weights: IntArray, by_cause: ByCause
    ) -> None:
        """Record latencies, at least one; see `CauseSums.add`. ``at_ns`` ascends."""
        if at_ns.size == 1:
            answered_ns = at_ns.item()
            met: IntArray | Phase = self._phases.of_one(
                answered_ns - latency_ns.item(), answered_ns
            )
        else:
            met = self._phases.of(at_ns - latency_ns, at_ns)
        if isinstance(met, Phase):
            self._of(met).add(at_ns, latency_ns, weights, by_cause)
            return
        for number in np.flatnonzero(np.bincount(met)).tolist():
            rows = np.flatnonzero(met == number)
            of_phase = self._of(PHASES[number])
            of_phase.add(at_ns[rows], latency_ns[rows], weights[rows], of_rows(by_cause, rows))

    def _of(self, phase: Phase) -> CauseSums:
        if phase is not Phase.BETWEEN:
            return self._by_phase.setdefault(phase, CauseSums())
        if self._undecided is None:
            self._undecided = CauseSums()
            self._phases.undecided.append(self)
        return self._undecided

    def decide(self, phase: Phase) -> None:
        """See `Undecided`."""
        undecided, self._undecided = self._undecided, None
        if undecided is not None:
            self._by_phase.setdefault(phase, CauseSums()).merge(undecided)

    def merge(self, other: PhasedSums) -> None:
        """Add everything ``other`` has recorded; what is undecided of it counts as between."""
        for phase, sums in other.by_phase().items():
            self._by_phase.setdefault(phase, CauseSums()).merge(sums)

    def by_phase(self) -> dict[Phase, CauseSums]:
        """The sums of each phase that has requests, in the order of phases."""
        whole = dict(self._by_phase)
        if self._undecided is not None:
            between = CauseSums()
            for sums in (whole.get(Phase.BETWEEN), self._undecided):
                if sums is not None:
                    between.merge(sums)
            whole[Phase.BETWEEN] = between
        return {phase: whole[phase] for phase in PHASES if phase in whole}

    def whole(self) -> CauseSums:
        """The sums of all."""
        sums = CauseSums()
        for of_phase in self.by_phase().values():
            sums.merge(of_phase)
        return sums
