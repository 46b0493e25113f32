"""Isolation is lost under rules known to be wrong, and the test of isolation (X1) sees it.

N1: the last sharer of a table reuses it though its entries were not write-protected when another
process copied it. N2: tables below read-only areas are shared by slots that keep their write
permission. N3: removing a part of a shared table drops all of it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from fork_scenario import Scenario
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import initialize, run_state_machine_as_test
from memory_history import VARIANTS, History
from model_prices import make_costs
from naive_memory import Area

from models.faults.rules import Sharing
from models.schemes.base import Scheme
from models.schemes.on_demand import HEAD, PAPER, PATCHSET, OnDemand, Variant

A, B = 0, 1


RIGHT: dict[str, tuple[Variant, Sharing]] = {
    "protects_both": ("paper", PAPER),
    "closes_read_only": ("head", HEAD),
    "cuts_before_zap": ("patchset", PATCHSET),
}
"""Each rule, and a kernel whose isolation rests on it."""
WRONG = {
    "protects_both": replace(PAPER, protects_both=False),
    "closes_read_only": replace(HEAD, closes_read_only=False),
    "cuts_before_zap": replace(PATCHSET, cuts_before_zap=False),
}


def right_or_wrong(rule: str, *, wrong: bool) -> Scheme:
    """On-demand-fork by a variant that a rule matters to, that rule broken or not."""
    variant, right = RIGHT[rule]
    return OnDemand(make_costs(), variant=variant, sharing=WRONG[rule] if wrong else right)


def n1(s: Scenario) -> tuple[str, int]:
    s.fork("P", "C")
    s.write("C", A, 7)
    s.write("P", B, 9)
    return "C", B


def n2(s: Scenario) -> tuple[str, int]:
    s.protect("P", 0, 1024, writable=False)
    s.fork("P", "C")
    s.protect("C", 0, 1024, writable=True)
    s.write("C", A, 7)
    return "P", A


def n3(s: Scenario) -> tuple[str, int]:
    s.fork("P", "C")
    s.discard("C", A, 1)
    return "C", B


SCRIPTS: dict[str, Callable[[Scenario], tuple[str, int]]] = {
    "protects_both": n1,
    "closes_read_only": n2,
    "cuts_before_zap": n3,
}


@pytest.mark.parametrize("rule", SCRIPTS)
def test_what_is_read_changes_under_a_wrong_rule_alone(rule: str) -> None:
    for wrong in (False, True):
        s = Scenario(right_or_wrong(rule, wrong=wrong))
        s.map(1024)
        s.write("P", np.arange(1024), 1)
        who, page = SCRIPTS[rule](s)
        assert (s.value(who, page) == 1) is not wrong


OPERATIONS = (
    *("map", "touch", "fill", "sweep", "fork", "fork_and_write", "start", "exit", "exec"),
    *("unmap", "protect", "discard", "move", "brk"),
)
NEEDED = {
    "protects_both": {"touch", "fork_and_write"},
    "closes_read_only": {"touch", "fork_and_write", "protect"},
    "cuts_before_zap": {"touch", "fork_and_write", "discard"},
}


class WrongHistory(History):
    """The histories of `test_lazy_against_naive`, of which isolation alone is tested."""

    rule: ClassVar[str]
    compares = False

    def make_scheme(self) -> Scheme:
        return right_or_wrong(self.rule, wrong=True)

    @initialize()
    def begin(self) -> None:
        """R, as in the scripted scenarios."""
        (process,) = self.driven.processes
        self.driven.map(process, Area(0, 1024), file=None, populate=False)
        self.driven.fill(process, 0, 1024)
        if self.rule == "closes_read_only":
            self.driven.protect(process, 0, 1024, writable=False)


@pytest.mark.parametrize("rule", SCRIPTS)
def test_random_histories_find_a_wrong_rule(rule: str) -> None:
    variant, _ = RIGHT[rule]
    # Without the operations that the fault does not need it is found faster.
    left_out = dict.fromkeys(set(OPERATIONS) - NEEDED[rule])
    what = {"rule": rule, "variant": VARIANTS[variant], **left_out}
    history = type("Wrong", (WrongHistory,), what)
    bounds = settings(
        max_examples=2000,
        stateful_step_count=12,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError, match=r"^X1"):
        run_state_machine_as_test(history, settings=bounds)
