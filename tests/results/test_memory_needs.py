"""How much memory to buy, against what a run is known to take."""

from __future__ import annotations

import numpy as np
import pytest
from programs import run_redis
from run_samples import record

from results.metrics.memory_needs import ProcessNeed, memory_need, memory_needs
from results.tables.memory_sentences import sentence, to_json
from sim.measures.common_metrics import MEMORY_PEAK, SNAPSHOTS_UNFINISHED
from sim.measures.recording import Recording, Table

MIB = 2**20


def table(names: str, *rows: tuple[int, ...]) -> Table:
    return dict(zip(names.split(), np.array(rows, np.int64).T, strict=True))


def noted(peak: int, number: str = "") -> Recording:
    """A process of 100 MiB, of which another has 7 MiB copied and 3 MiB of tables at its peak."""
    own = Recording().add(levels={MEMORY_PEAK: peak * MIB})
    own.series[f"memory{number}"] = table(
        "t_ns resident_bytes table_bytes",
        (0, 100 * MIB, MIB), (10, 100 * MIB, 2 * MIB), (20, 107 * MIB, 3 * MIB),
        (30, 90 * MIB, MIB),
    )  # fmt: skip
    own.series[f"processes{number}"] = table(
        "t_ns process resident_bytes table_bytes",
        (0, 1, 100 * MIB, MIB), (10, 2, 100 * MIB, MIB), (20, 2, 99 * MIB, 3 * MIB),
        (30, 1, 90 * MIB, MIB),
    )  # fmt: skip
    return own


def test_a_peak_is_taken_to_pieces() -> None:
    need = memory_need(record({}, noted(110), noted(105)))
    assert need is not None
    assert (need.peak_bytes, need.own_bytes) == (110 * MIB, 100 * MIB)
    assert (need.copied_bytes, need.table_bytes) == (7 * MIB, 3 * MIB)
    first, most = ProcessNeed(1, 100 * MIB, MIB), ProcessNeed(2, 99 * MIB, 3 * MIB)
    assert need.processes == (first, most)
    assert not need.at_least
    assert sentence(need) == "needs 110 MiB at 100 MiB: 7 MiB copied, 3 MiB page tables"
    assert to_json(need)["copied"] == 7 * MIB


def test_who_had_not_ended_needs_at_least_so_much() -> None:
    need = memory_need(record({}, noted(110).add(counters={SNAPSHOTS_UNFINISHED: 1})))
    assert need is not None
    text = sentence(need)
    assert text.startswith("needs at least 110 MiB")
    assert text.endswith("page tables; the run ended before a child did")


def test_a_program_of_several_memories_needs_all_of_them() -> None:
    both = noted(220)
    both.series.update(noted(110, "_1").series)
    need = memory_need(record({}, both))
    assert need is not None
    assert (need.own_bytes, need.copied_bytes, need.table_bytes) == tuple(
        2 * size * MIB for size in (100, 7, 3)
    )


def test_programs_of_a_mix_have_theirs_and_who_notes_nothing_has_none() -> None:
    parts = {"a": noted(110), "b": Recording(), "c": Recording().add(levels={MEMORY_PEAK: 1})}
    needs = memory_needs(record({"workload": {"programs": {}}}, Recording(parts=parts)))
    assert [program for program, _ in needs] == ["a"]


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def test_a_redis_needs_its_data_twice_mapped_and_what_it_wrote_meanwhile(scheme: str) -> None:
    recording = run_redis(
        scheme,
        dataset="64MiB",
        clients={"kind": "open", "rate": "20k/s"},
        set_ratio=0.5,
        service="5us",
        snapshot={"at": ["100ms"], "save_rate": "128MiB"},
        duration="1s",
    )
    need = memory_need(record({}, recording))
    assert need is not None
    assert need.own_bytes == 64 * MIB
    # Two processes' tables of 32 slots, but for those that are still shared.
    tables = need.table_bytes // 4096
    assert tables == 64 if scheme == "classic" else 32 < tables <= 64
    assert need.copied_bytes == 4096 * recording.counters["faults/cow_copy"]
    (snapshot,) = recording.series["snapshots"]["extra_bytes"].tolist()
    assert need.peak_bytes == 64 * MIB + 32 * 4096 + snapshot
