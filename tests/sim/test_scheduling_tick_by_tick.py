"""Rules of scheduling against a core that looks at every tick."""

from __future__ import annotations

from random import Random

import pytest
from few_cores import ends
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from plain_core import AmbiguousOrderError, Job, PlainCore
from plain_rules import PlainCfs, PlainEevdf

from sim.machine.scheduling.cfs import Cfs
from sim.machine.scheduling.eevdf import Eevdf

SWITCHES, TICKS = st.sampled_from([0, 7, 211]), st.sampled_from([1009, 4001, 10_007])


@st.composite
def scripts(draw: st.DrawFn) -> list[list[Job]]:
    """Few and many tasks, light and heavy ones, of which hardly two act in one nanosecond."""
    chance = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - Hypothesis's own is slow
    return [
        [
            (
                chance.randint(1, chance.choice([100, 5000, 40_000])),
                chance.randint(1, chance.choice([50, 3000, 30_000])),
            )
            for _ in range(chance.randint(1, 25))
        ]
        for _ in range(chance.randint(1, 12))
    ]


def expected(core: PlainCore) -> list[list[int]]:
    """What the plain core makes of it, unless that is a matter of order."""
    try:
        return core.run()
    except AmbiguousOrderError:
        assume(False)
        raise


@pytest.mark.histories
@settings(max_examples=200, deadline=None)
@given(scripts(), SWITCHES, TICKS)
def test_cfs_is_that_of_a_core_that_looks_at_every_tick(
    scripts: list[list[Job]], switch_ns: int, tick_ns: int
) -> None:
    rule = Cfs(latency_ns=6000, granularity_ns=750, wakeup_granularity_ns=1000, tick_ns=tick_ns)
    plain = PlainCore(scripts, PlainCfs(6000, 750, 1000), tick_ns, switch_ns)
    assert ends(scripts, rule, switch_ns) == expected(plain)


@pytest.mark.histories
@pytest.mark.parametrize("pays_asleep", [False, True])
@settings(max_examples=200, deadline=None)
@given(scripts=scripts(), switch_ns=SWITCHES, tick_ns=TICKS)
def test_eevdf_is_that_of_a_core_that_looks_at_every_tick(
    *, pays_asleep: bool, scripts: list[list[Job]], switch_ns: int, tick_ns: int
) -> None:
    rule = Eevdf(slice_ns=3000, tick_ns=tick_ns, pays_asleep=pays_asleep)
    plain = PlainEevdf(3000, tick_ns, delay_dequeue=pays_asleep)
    core = PlainCore(scripts, plain, tick_ns, switch_ns)
    assert ends(scripts, rule, switch_ns) == expected(core)
