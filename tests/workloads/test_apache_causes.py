"""What Apache's requests waited for: counted by hand, and as a queue for several servers has it."""

from __future__ import annotations

from heapq import heapreplace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import PROFILE, setup
from test_apache import FAULT_NS, SERVICE_NS, SWITCH_NS, access_log, config

from models.faults.actions import PageAction
from models.operations.causes import OF_PAGES
from sim.machine.causes import CORE_WAIT, SWITCH, WORK
from sim.measures.common_metrics import LATENCY
from sim.measures.recording import Recording
from workloads.programs.apache.causes import NO_WORKER
from workloads.programs.apache.program import Apache
from workloads.registry import WORKLOADS
from workloads.traces.formats.access_log import read_access_log

OTHERS = {"band", "requests", "latency_ns"}


def total_ns(recording: Recording) -> dict[str, int]:
    bands = recording.series[LATENCY.causes]
    columns = {name: int(np.sum(column)) for name, column in bands.items() if name not in OTHERS}
    return {name: ns for name, ns in columns.items() if ns}


def core_time_ns(recording: Recording) -> int:
    return sum(ns for name, ns in recording.counters.items() if name.startswith("core_time/"))


def log_of(file: Path, **more: Any) -> Any:
    clients = {"kind": "trace", "path": str(file), "unit": "us"}
    return config(clients=clients, duration=None, **more)


def test_two_workers_on_one_core_one_after_the_other() -> None:
    clients = {"kind": "closed", "connections": 3}
    asked = config(workers=2, clients=clients, duration="1us", first_pages=3)
    recording = Apache().run(
        asked.model_copy(update={"requests_per_connection": 1}), setup(cores=1)
    )
    own_ns = SERVICE_NS + 3 * FAULT_NS
    # One worker serves the first and then the third; then the other one has the core.
    first_ns = SWITCH_NS + own_ns
    third_ns = first_ns + SERVICE_NS
    slowest = recording.series["slowest/latency_ns"]
    assert {name: column.tolist() for name, column in slowest.items() if name != "at_ns"} == {
        "latency_ns": [third_ns + SWITCH_NS + own_ns, third_ns, first_ns],
        CORE_WAIT.name: [third_ns, 0, 0],
        NO_WORKER.name: [0, first_ns, 0],
        SWITCH.name: [SWITCH_NS, 0, SWITCH_NS],
        WORK.name: [SERVICE_NS] * 3,
        OF_PAGES[PageAction.COW_COPY].name: [3 * FAULT_NS, 0, 3 * FAULT_NS],
    }


def test_who_has_no_worker_waits_as_kiefer_and_wolfowitz_say(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    services_us = random.integers(100, 60_000, 300).tolist()
    file = access_log(tmp_path, [(number // 60, us) for number, us in enumerate(services_us)])
    asked = log_of(file, workers=3, max_workers=3, first_pages=0)
    recording = Apache().run(asked, setup(cores=8))
    clients: Any = asked.clients
    free_ns, waits_ns = [0, 0, 0], 0
    arrivals = clients.send_ns(read_access_log(file).arrival_ns(), None).tolist()
    for number, (at_ns, us) in enumerate(zip(arrivals, services_us, strict=True)):
        begin_ns = max(at_ns, free_ns[0])
        waits_ns += begin_ns - at_ns
        new = SWITCH_NS if number < 3 else 0
        heapreplace(free_ns, begin_ns + 1000 * us + new)
    assert total_ns(recording) == {
        NO_WORKER.name: waits_ns,
        WORK.name: 1000 * sum(services_us),
        SWITCH.name: 3 * SWITCH_NS,
    }


def test_where_workers_share_cores_requests_wait_for_them() -> None:
    recording = Apache().run(config(), setup(cores=1))
    spent = total_ns(recording)
    assert spent[WORK.name] == SERVICE_NS * recording.counters["requests"]
    assert spent[OF_PAGES[PageAction.COW_COPY].name] == FAULT_NS * 40 * 3
    assert spent[CORE_WAIT.name] > recording.levels["duration_ns"]
    assert sum(spent.values()) == recording.histograms["latency_ns"].total


@settings(max_examples=15, deadline=None)
@given(
    connections=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    each=st.sampled_from([1, 7, 10**9]),
    cores=st.integers(1, 8),
    scheme=st.sampled_from(["classic", "on_demand"]),
)
def test_in_mixes_cores_time_adds_up_and_latencies_too(
    connections: tuple[int, int], each: int, cores: int, scheme: str
) -> None:
    programs = {
        name: {
            "kind": "apache",
            "workers": 3,
            "spare": number * 3,
            "max_workers": 9,
            "clients": {"kind": "closed", "connections": count},
            "requests_per_connection": each,
            "service": {"p0": "20us", "p50": "35us", "p100": "3ms"},
            "duration": "15ms",
        }
        for number, (name, count) in enumerate(zip("ab", connections, strict=True))
    }
    mix = WORKLOADS["mix"]
    asked = mix.Config.model_validate({"kind": "mix", "programs": programs})
    recording = mix.run(asked, setup(scheme, cores=cores))
    assert core_time_ns(recording) % cores == 0
    assert core_time_ns(recording) >= cores * max(
        part.levels["duration_ns"] for part in recording.parts.values()
    )
    for part in recording.parts.values():
        spent = total_ns(part)
        assert min(spent.values()) >= 0
        assert sum(spent.values()) == part.histograms["latency_ns"].total


def test_the_faults_of_first_requests_are_core_time_of_their_causes() -> None:
    counters = Apache().run(config(), setup(cores=8)).counters
    requests_ns = SERVICE_NS * counters["requests"]
    assert counters["core_time/service_ns"] == requests_ns
    assert counters["core_time/fault/cow_copy_ns"] == 3 * 40 * FAULT_NS
    assert PROFILE.costs.fault_copy_cold_ns > 0
