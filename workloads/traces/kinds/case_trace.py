"""Test cases that ran against one data base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.traces.kinds.facts import percentiles
from workloads.traces.kinds.trace import Facts, Table
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING

CASES_IN_FACTS = 20
"""So many tests, the most frequent ones, are described one by one."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CaseTrace:
    """Test cases in the order in which they ran; all arrays are read-only.

    Attributes:
        case_id: int32, index into `cases`.
        run_ns: int64, how long the test ran, its fork and its exit not included.
        faults: int64, minor faults that it took; `MISSING` if the log does not say.
        cases: Names of the tests, by first appearance.
        accounting: Where every line went.
        notes: What was not used, or was assumed, in sentences for people.
    """

    case_id: NDArray[np.int32]
    run_ns: NDArray[np.int64]
    faults: NDArray[np.int64]
    cases: tuple[str, ...]
    accounting: Accounting
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.case_id)

    @property
    def duration_ns(self) -> int:
        """Run time of all tests together."""
        return sum(self.run_ns.tolist())  # which may exceed 64 bits

    def facts(self) -> Facts:
        """Run times and faults, of all tests together and of the most frequent ones."""
        facts: dict[str, int | float] = {
            "tests": len(self.cases),
            **percentiles(self.run_ns, "run", "ns"),
            **percentiles(self.faults[self.faults != MISSING], "run", "faults"),
        }
        frequent = np.argsort(-np.bincount(self.case_id), kind="stable")[:CASES_IN_FACTS]
        for number in np.sort(frequent).tolist():
            of_case = self.case_id == number
            facts[f"{self.cases[number]}_runs"] = int(of_case.sum())
            facts |= percentiles(self.run_ns[of_case], f"{self.cases[number]}_run", "ns")
        return facts

    def table(self) -> Table:
        """All columns; this reader reads them again."""
        return {
            "test": [self.cases[i] for i in self.case_id.tolist()],
            "test_ns": self.run_ns,
            "faults": self.faults,
        }
