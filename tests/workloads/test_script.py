"""Scripts of memory operations: exact counts and times of each step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from programs import PROFILE, setup
from pydantic import ValidationError

from models.schemes.registry import SCHEMES
from sim.measures.recording import Recording
from workloads.programs.script import Script, ScriptConfig

BEGIN: list[dict[str, Any]] = [
    {"do": "map", "pages": 1024, "at": 0},
    {"do": "write", "pages": "0-1023"},
]
S1_TO_S8: list[dict[str, Any]] = [
    *BEGIN,
    {"do": "fork", "as": "C"},
    {"do": "read", "who": "C", "pages": 0},
    {"do": "write", "who": "C", "pages": 0},
    {"do": "write", "pages": 0},
    {"do": "write", "pages": 1},
    {"do": "write", "who": "C", "pages": 1},
    {"do": "exit", "who": "C"},
    {"do": "exit"},
]


def run(
    scheme: str, steps: list[dict[str, Any]], options: dict[str, Any] | None = None
) -> Recording:
    config = ScriptConfig.model_validate({"kind": "script", "steps": steps})
    said = SCHEMES[scheme].Options.model_validate(options or {})
    return Script().run(config, replace(setup(scheme), options=said))


def counts(recording: Recording, step: str) -> dict[str, int]:
    start = f"steps/{step}/"
    return {
        name.removeprefix(start): count
        for name, count in recording.counters.items()
        if name.startswith(start)
    }


def took_ns(recording: Recording, step: str) -> int:
    return int(recording.levels[f"steps/{step}/took_ns"])


def test_s1_to_s8_from_a_script() -> None:
    classic, on_demand = run("classic", S1_TO_S8), run("on_demand", S1_TO_S8)
    assert counts(classic, "003_P_fork") == {"tables_alloc": 2, "ptes_copied": 1024}
    assert counts(on_demand, "003_P_fork") == {"tables_shared": 2}
    assert counts(classic, "005_C_write") == {"faults": 1, "cow_copy": 1}
    assert counts(on_demand, "005_C_write") == {
        "faults": 1, "cow_copy": 1, "tables_alloc": 1, "table_copy": 1, "ptes_copied": 512
    }  # fmt: skip
    assert counts(on_demand, "006_P_write") == {"faults": 1, "cow_reuse": 1, "table_reuse": 1}
    assert counts(classic, "010_P_exit") == {
        "tables_freed": 2, "ptes_zapped": 1024, "pages_freed": 1024
    }  # fmt: skip


def test_a_child_of_async_fork_begins_with_its_copy() -> None:
    recording = run("async", [*S1_TO_S8[:3], S1_TO_S8[4]])
    assert counts(recording, "003_P_fork") == {}
    # Whoever wants something of the child waits for it; its parent does not.
    fork_ns, write_ns = (took_ns(recording, step) for step in ("003_P_fork", "004_C_write"))
    assert counts(recording, "004_C_write") == {
        "faults": 1, "cow_copy": 1, "tables_alloc": 2, "ptes_copied": 1024
    }  # fmt: skip
    classic = run("classic", S1_TO_S8[:3])
    assert fork_ns < took_ns(classic, "003_P_fork")
    assert fork_ns + write_ns > took_ns(classic, "003_P_fork")


def test_s26_the_parent_copies_what_it_writes_before_the_child_came_to_it() -> None:
    recording = run("async", [*BEGIN, S1_TO_S8[2], S1_TO_S8[5], S1_TO_S8[6]])
    assert counts(recording, "004_P_write")["table_sync"] == 1
    assert counts(recording, "004_P_write")["cow_copy"] == 1
    assert counts(recording, "005_P_write").get("table_sync", 0) == 0


OPERATIONS: list[dict[str, Any]] = [
    {"do": "unmap", "at": 0, "pages": 256},
    {"do": "protect", "at": 512, "pages": 100},
    {"do": "unprotect", "at": 512, "pages": 100},
    {"do": "discard", "at": 700, "pages": 10},
    {"do": "move", "at": 900, "pages": 20, "to": 5000},
    {"do": "map", "at": 2048, "pages": 600, "heap": True, "populate": True},
    {"do": "brk", "pages": 700},
    {"do": "brk", "pages": 100},
    {"do": "read", "pages": "5000-5019"},
    {"do": "exec", "who": "C"},
    {"do": "sleep", "time": "1ms"},
    {"do": "exit", "who": "C"},
    {"do": "exit"},
]


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("classic", {}),
        ("huge", {}),
        ("classic6", {"huge": True}),
        ("async", {}),
        *(("on_demand", {"variant": name}) for name in ("paper", "head", "patchset")),
    ],
)
def test_every_operation_under_every_fork(scheme: str, options: dict[str, Any]) -> None:
    recording = run(scheme, [*S1_TO_S8[:3], *OPERATIONS], options=options)
    # What was taken is given back.
    assert recording.series["memory"]["resident_bytes"][-1] == 0
    assert recording.series["memory"]["table_bytes"][-1] == 0
    assert took_ns(recording, "014_P_sleep") == 1_000_000


def test_pages_of_a_pool_change_as_wholes_only() -> None:
    for step in OPERATIONS[:5]:
        # What is writable already is not cut.
        if step["do"] != "unprotect" and (step["at"] % 512 or step["pages"] % 512):
            with pytest.raises(ValueError, match=r"step 3: cannot"):
                run("hugetlb", [*BEGIN, step])
    whole = {"do": "unmap", "at": 512, "pages": 512}
    assert counts(run("hugetlb", [*BEGIN, whole]), "003_P_unmap")["huge_zapped"] == 1


def test_threads_pay_for_each_others_tlb() -> None:
    writes = [{"do": "write", "pages": "0-99"}, {"do": "write", "pages": "512-611"}]
    begin = S1_TO_S8[:3]
    alone = run("classic", [*begin, *writes])
    together = run("classic", [*begin, {"together": writes}])
    assert together.counters == {
        **together.counters, "faults": alone.counters["faults"], "faults/cow_copy": 200
    }  # fmt: skip
    # No fault finds the page before it in cache, as the threads take turns; each copy makes the
    # other core flush, and the thread was switched to once.
    fault_ns, flush_ns = PROFILE.costs.fault_copy_cold_ns, PROFILE.costs.tlb_shootdown_ns
    most_ns = 100 * (fault_ns + flush_ns) + PROFILE.costs.context_switch_ns
    assert most_ns - 2 * flush_ns <= took_ns(together, "004_together") <= most_ns
    assert took_ns(alone, "004_P_write") < 100 * fault_ns


def test_a_fork_keeps_other_threads_from_faulting() -> None:
    """L1: faults wait while the lock is held for a fork, which waits for those that run."""
    wide: list[dict[str, Any]] = [
        {"do": "map", "pages": 131072, "at": 0},
        {"do": "write", "pages": "0-131071"},
        {"do": "map", "pages": 512, "at": 262144},
    ]
    fork: dict[str, Any] = {"do": "fork", "as": "C"}
    write = {"do": "write", "pages": 262144}
    together = run("classic", [*wide, {"together": [fork, write]}])
    apart = run("classic", [*wide, fork, write])
    # The write comes second: it takes its time after the fork's.
    assert took_ns(together, "004_together") >= took_ns(apart, "004_P_fork")
    # Under a lock for each area the fork never locks the fresh one before it is done with the old.
    fine = run("classic6", [*wide, {"together": [fork, write]}])
    assert took_ns(fine, "004_together") < took_ns(together, "004_together") * 1.5


def test_a_fork_under_locks_of_areas_copies_what_was_written_before_it_came_there() -> None:
    first: dict[str, Any] = {"do": "write", "pages": "262144-262657:513"}
    recording = run(
        "classic6",
        [
            {"do": "map", "pages": 131072, "at": 0},
            {"do": "write", "pages": "0-131071"},
            {"do": "map", "pages": 1024, "at": 262144},
            {"do": "write", "pages": 262656},
            {"together": [{"do": "fork", "as": "C"}, first]},
            {"do": "write", "who": "C", "pages": 262144},
            {"do": "write", "who": "C", "pages": 262657},
        ],
    )
    # Both writes came before the fork had the lock of their area: the child has both pages.
    for step in ("006_C_write", "007_C_write"):
        assert counts(recording, step) == {"faults": 1, "cow_copy": 1}


def test_populating_keeps_a_fork_waiting() -> None:
    populate: dict[str, Any] = {"do": "map", "pages": 65536, "at": 0, "populate": True}
    fork: dict[str, Any] = {"do": "fork", "as": "C"}
    together = run("classic", [{"together": [populate, fork]}])
    apart = run("classic", [populate, fork])
    most_ns = took_ns(apart, "001_P_map") + took_ns(apart, "002_P_fork")
    assert took_ns(together, "001_together") >= most_ns - 1000


def test_every_core_that_runs_the_process_flushes_for_a_fork() -> None:
    fork: dict[str, Any] = {"do": "fork", "as": "C"}
    idle: list[dict[str, Any]] = [
        {"do": "write", "pages": f"{512 * n}-{512 * n + 511}"} for n in range(1, 4)
    ]
    wide: list[dict[str, Any]] = [
        {"do": "map", "pages": 2048, "at": 0},
        {"do": "write", "pages": "0-511"},
    ]
    alone = run("classic", [*wide, {"together": [fork]}])
    busy = run("classic", [*wide, {"together": [fork, *idle]}])
    assert took_ns(busy, "003_together") > took_ns(alone, "003_together")


def test_hugetlb_kills_a_child_that_finds_no_page() -> None:
    steps = [*S1_TO_S8[:3], {"do": "write", "who": "C", "pages": 0}]
    recording = run("hugetlb", steps, options={"pool": "4MiB"})
    assert recording.counters["children_killed"] == 1
    assert run("hugetlb", steps).counters["children_killed"] == 0


def test_a_child_that_is_killed_has_spent_the_time_before() -> None:
    """C copies its first page of two; with a page less in the pool not even that."""
    steps = [*S1_TO_S8[:3], {"do": "write", "who": "C", "pages": "0-1023:512"}]
    later, at_once = (run("hugetlb", steps, options={"pool": pool}) for pool in ("6MiB", "4MiB"))
    assert counts(later, "004_C_write")["huge_copy"] == 1
    copy_ns = PROFILE.costs.fault_huge_copy_ns
    assert took_ns(later, "004_C_write") - took_ns(at_once, "004_C_write") >= round(copy_ns)


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ([{"do": "read", "who": "C", "pages": 0}], "expected a process that is there"),
        ([{"do": "exit"}, {"do": "read", "pages": 0}], "expected a process that is there"),
        ([{"do": "fork", "as": "P"}], "is there already"),
        ([{"do": "move", "at": 0, "pages": 1}], "expected to"),
        ([{"together": [{"do": "fork", "as": "C"}, {"do": "exit"}]}], "a step of its own"),
        (
            [{"together": [{"do": "fork", "as": "C"}, {"do": "sleep", "who": "C", "time": "1s"}]}],
            "expected a",
        ),
        ([{"do": "read", "pages": "5-2"}], "expected a page"),
        ([], "at least 1"),
    ],
)
def test_scripts_that_make_no_sense_are_refused(steps: list[dict[str, Any]], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        ScriptConfig.model_validate({"kind": "script", "steps": steps})
