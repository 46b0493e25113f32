"""docs/schemes.md: its table is what the registry gives, its example of a new scheme works."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np
import pytest
from quantities_asked import SIZE

from experiments.execution.simulation import simulate
from experiments.forks.document import BEGIN, END, rewritten, table
from experiments.forks.fork_choice import several_forks
from experiments.forks.steps import MANY, steps_of
from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Plan, plan
from models.costs.profile import load_profile
from models.faults.rules import Sharing
from models.memory.address_space import AddressSpace
from models.memory.counts import Counts
from models.memory.physical import PhysicalMemory
from models.operations.steps import Operation, perform
from models.schemes.base import Scheme
from models.schemes.on_demand import OnDemand
from models.schemes.registry import SCHEMES, make_scheme
from sim.arrays import IntArray

DOCUMENT = Path(__file__).parents[2] / "docs/schemes.md"
COSTS = load_profile("epyc-7302p-linux-5.6").costs
NAME = "small_first"

Result = TypeVar("Result")


def test_the_table_is_what_the_registry_gives() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert rewritten(text, catalogue()) == text, "run `make docs`"


def test_every_scheme_is_in_the_table_with_words_of_its_own() -> None:
    said: dict[object, str] = {}
    for asked in several_forks((), None, catalogue()):
        assert f"`{asked.yaml}`" in table(catalogue())
        words = asked.scheme.words
        for text in vars(words).values():
            assert text[0].isupper()
            assert text.endswith(".")
            assert "|" not in text
        # Two schemes never do the same; a subclass must not keep its parent's words.
        assert said.setdefault(words, asked.scheme.name) == asked.scheme.name


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_document_without_the_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="expected one"):
        rewritten(text, catalogue())


def example() -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.M | re.S)
    return str(code)


@pytest.fixture
def registered() -> Iterator[None]:
    """The example has been imported: its scheme is known until the end of the test."""
    module = ModuleType("example_of_a_scheme")
    known = dict(SCHEMES)
    sys.modules[module.__name__] = module
    exec(compile(example(), str(DOCUMENT), "exec"), module.__dict__)  # noqa: S102 - our own document
    yield
    del sys.modules[module.__name__]
    SCHEMES.clear()
    SCHEMES.update(known)


class Script:
    """S1 to S8 of mechanisms.md: what was counted in each step, and what each process read."""

    def __init__(self, scheme: Scheme, areas: list[int]) -> None:
        self.scheme = scheme
        self.memory = PhysicalMemory(0, 0)
        self.parent = AddressSpace(self.memory)
        self.values: dict[int, int] = {}
        self.counted: list[Counts] = []
        self.costs_ns: list[int] = []
        self.read: list[list[int]] = []
        for n_pages in areas:
            perform(scheme.map(self.parent, n_pages))
        self.pages = np.arange(sum(areas))
        self._write(self.parent, self.pages, 1)
        self.child = self._does(scheme.fork(self.parent))
        self._does(scheme.start(self.child))
        for mm, page, value in (
            (self.child, 0, 2),
            (self.parent, 0, 3),
            (self.parent, 1, 4),
            (self.child, 1, 5),
        ):
            self._write(mm, np.array([page]), value)
            self.read += [self._reads(self.parent), self._reads(self.child)]
        self._does(scheme.exit(self.child))
        self.read.append(self._reads(self.parent))
        self._does(scheme.exit(self.parent))

    def _does(self, operation: Operation[Result]) -> Result:
        before = self.memory.counts.copy()
        result, performed = perform(operation)
        self.counted.append(self.memory.counts - before)
        self.costs_ns.append(performed.work_ns)
        return result

    def _write(self, mm: AddressSpace, pages: IntArray, value: int) -> None:
        before = self.memory.counts.copy()
        faults = self.scheme.touch(mm, pages)
        self.counted.append(self.memory.counts - before)
        self.costs_ns.append(faults.total_ns)
        self.values |= dict.fromkeys(mm.frames_at(pages).tolist(), value)

    def _reads(self, mm: AddressSpace) -> list[int]:
        assert not len(self.scheme.touch(mm, self.pages, writes=False))
        return [self.values[frame] for frame in mm.frames_at(self.pages).tolist()]

    @property
    def nothing_left(self) -> bool:
        return not (self.memory.resident_bytes or self.memory.table_bytes)


READ = [
    # Parent and child after each write of S3 to S6: pages 0 and 1 of each.
    *((1, 1), (2, 1)),
    *((3, 1), (2, 1)),
    *((3, 4), (2, 1)),
    *((3, 4), (2, 5)),
    (3, 4),
]


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("areas", "small_pages", "like"),
    [([1024], 1024, "classic"), ([1024], 1023, "on_demand"), ([512, 512], 512, "classic")],
)
def test_the_example_does_to_an_area_what_its_size_asks_for(
    areas: list[int], small_pages: int, like: str
) -> None:
    ours = Script(make_scheme(NAME, COSTS, small_pages=small_pages), areas)
    theirs = Script(make_scheme(like, COSTS), areas)
    assert ours.counted == theirs.counted
    base_ns = COSTS.fork_on_demand_base_ns - COSTS.fork_base_ns if like == "classic" else 0
    assert sum(ours.costs_ns) == pytest.approx(sum(theirs.costs_ns) + base_ns, abs=1)
    assert ours.nothing_left


@pytest.mark.usefixtures("registered")
def test_the_example_copies_small_areas_and_shares_large_ones() -> None:
    script = Script(make_scheme(NAME, COSTS, small_pages=512), [1024, 512])
    fork, start, child_a, parent_a, parent_b, child_b, child_exit, parent_exit = script.counted[1:]
    assert fork == Counts(tables_shared=2, tables_alloc=1, ptes_copied=512)
    assert start == Counts()
    copied = Counter(table_copy=1, cow_copy=1)
    assert child_a == Counts(faults=1, tables_alloc=1, ptes_copied=512, actions=copied)
    assert parent_a == Counts(faults=1, actions=Counter(table_reuse=1, cow_reuse=1))
    assert parent_b == Counts(faults=1, actions=Counter(cow_copy=1))
    assert child_b == Counts(faults=1, actions=Counter(cow_reuse=1))
    assert (child_exit.tables_freed, child_exit.pages_freed) == (2, 2)
    assert (parent_exit.tables_freed, parent_exit.pages_freed) == (3, 1536)
    assert script.nothing_left


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("small_pages", [0, 512, 1024])
def test_in_the_example_nobody_reads_what_another_writes(small_pages: int) -> None:
    script = Script(make_scheme(NAME, COSTS, small_pages=small_pages), [1024, 512])
    assert [(seen[0], seen[1]) for seen in script.read] == READ
    assert all(set(seen[2:]) == {1} for seen in script.read)


EXPERIMENT = """\
forksim: 1
name: ours
workload: {kind: microbench, sizes: [4MiB, 64MiB]}
fork: {kind: small_first, up_to: 8MiB}
"""


def planned(text: str) -> Plan:
    return plan(parse(text, Position("a.yaml")), DOCUMENT.parent, catalogue())


def pauses(text: str) -> list[int]:
    (point,) = planned(text).points
    (repetition,) = simulate(point).repetitions
    forks: list[int] = repetition.series["forks"]["fork_ns"].tolist()
    return forks


@pytest.mark.usefixtures("registered")
def test_an_experiment_names_the_example() -> None:
    ours = pauses(EXPERIMENT)
    named = "small_first, up_to: 8MiB"
    classic, on_demand = (pauses(EXPERIMENT.replace(named, k)) for k in ("classic", "on_demand"))
    base_ns = COSTS.fork_on_demand_base_ns - COSTS.fork_base_ns
    assert ours == [pytest.approx(classic[0] + base_ns, abs=1), on_demand[1]]
    assert classic[1] > ours[1]
    assert ours[0] > on_demand[0]


@pytest.mark.usefixtures("registered")
def test_the_examples_option_is_checked_as_any() -> None:
    with pytest.raises(InputError) as caught:
        planned(EXPERIMENT.replace("8MiB", "8Mx"))
    wrong = f"a.yaml:4:34: fork.up_to: '8Mx': {SIZE}"
    assert str(caught.value) == wrong
    assert f"`{{kind: {NAME}}}`" in table(catalogue())


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("small_pages", "beyond", "price_ns"),
    [
        # 1, 9 and 17 tables are looked at; 16, 24 and 32 if these are not copied alike or shared
        # alike; 256, 264, 272 if those are not either.
        (0, 1, COSTS.table_share_ns),
        (512 * 2, 16, COSTS.table_share_ns),
        (512 * 9, 16, COSTS.table_share_ns),
        (512 * 16, 256, COSTS.table_share_ns),
        (512 * 17 - 1, 256, COSTS.table_share_ns),
        (512 * 17, 1, None),
        (512 * 100, 1, None),
    ],
)
def test_what_each_table_adds_is_seen_on_one_side_of_the_examples_limit(
    small_pages: int, beyond: int, price_ns: float | None
) -> None:
    steps = list(steps_of(make_scheme(NAME, COSTS, small_pages=small_pages)))
    for step in steps:
        assert min(step.runs.ns, step.scattered.ns) >= 0, step.what
        assert all(count >= 0 for count in step.runs.counts.as_dict().values()), step.what
    (table,) = (step.runs for step in steps if step.what == "each table of 512 pages just written")
    classic_ns = COSTS.table_copy_ns + 512 * (COSTS.entry_copy_ns + COSTS.entry_protect_ns)
    assert table.beyond == beyond
    assert table.ns == pytest.approx(price_ns or classic_ns, abs=1 / MANY)


def test_without_the_example_its_name_is_unknown() -> None:
    with pytest.raises(InputError, match=r"fork\.kind: 'small_first': expected one of"):
        planned(EXPERIMENT)


def test_the_script_notices_a_table_that_was_opened_too_early() -> None:
    # mechanisms.md N1: the table that stays behind is not write-protected, yet used again.
    wrong = OnDemand(COSTS, sharing=Sharing(protects_both=False))
    seen = [(read[0], read[1]) for read in Script(wrong, [1024]).read]
    assert seen != READ
