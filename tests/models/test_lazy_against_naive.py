"""Random histories: lazy and naive memory agree after every step, in state, counts and prices.

Every step also keeps the invariants of mechanisms.md section 8 (`memory_comparison`), and every
process reads what it must (X1).
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from memory_history import VARIANTS, History

from models.faults import few_pages


def run(variant: str, *, examples: int, steps: int, looks_every: int = 1) -> None:
    what = {"variant": VARIANTS[variant], "looks_every": looks_every}
    history = type("History", (History,), what)
    bounds = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(history, settings=bounds)


@pytest.mark.histories
@pytest.mark.parametrize(("few", "examples"), [(0, 10), (few_pages.FEW, 20)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_histories(variant: str, few: int, examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_pages, "FEW", few)
    run(variant, examples=examples, steps=60)


@pytest.mark.full
@pytest.mark.parametrize("variant", VARIANTS)
def test_long_histories(variant: str) -> None:
    run(variant, examples=500, steps=200, looks_every=5)
