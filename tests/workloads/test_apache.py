"""Apache: faults, waits and latencies counted by hand, and nothing left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import PROFILE, setup

from sim.measures.common_metrics import LATENCY
from sim.measures.phases import Phase
from sim.measures.recording import Recording
from workloads.programs.apache.config import ApacheConfig
from workloads.programs.apache.pool import WorkerPool
from workloads.programs.apache.program import Apache
from workloads.running.program import play
from workloads.traces.formats.access_log import read_access_log

SWITCH_NS = round(PROFILE.costs.context_switch_ns)
FAULT_NS = round(PROFILE.costs.fault_copy_cold_ns)
SERVICE_NS = 35_000
NO_END = 10**9


def config(**changes: Any) -> ApacheConfig:
    fields: dict[str, Any] = {
        "kind": "apache",
        "parent": "7MiB",
        "workers": 4,
        "spare": 0,
        "clients": {"kind": "closed", "connections": 3},
        "requests_per_connection": NO_END,
        "service": "35us",
        "first_pages": 40,
        "duration": "20ms",
    }
    return ApacheConfig.model_validate({**fields, **changes})


def serve(scheme: str = "classic", repetition: int = 0, **changes: Any) -> Recording:
    return Apache().run(config(**changes), setup(scheme, repetition))


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def test_each_worker_that_serves_takes_its_first_faults_once(scheme: str) -> None:
    counters = serve(scheme).counters
    used = 3
    slots = 0
    for number in range(used):
        pages = setup().streams().generator(f"workload/apache/pages/{number}")
        slots += len(set((pages.choice(7 * 256, 40, replace=False) // 512).tolist()))
    assert slots > used
    assert counters["workers"] == 4
    assert counters["faults/cow_copy"] == 40 * used
    assert counters["faults/table_copy"] == (slots if scheme == "on_demand" else 0)
    assert counters["faults/zero_fill"] == counters["faults/cow_reuse"] == 0


def test_without_waiting_every_latency_is_the_service_time() -> None:
    recording = serve()
    latency = recording.histograms["latency_ns"]
    first_ns = SWITCH_NS + SERVICE_NS + 40 * FAULT_NS
    # The first is sent at 0, the second after the first response, and so on before 20 ms.
    each = 1 + -(-(20_000_000 - first_ns) // SERVICE_NS)
    assert latency.count == recording.counters["requests"] == 3 * each
    assert latency.maximum == first_ns
    assert latency.minimum == SERVICE_NS
    assert latency.total == 3 * (first_ns + (each - 1) * SERVICE_NS)
    # No think time: its latencies fill a connection's time.
    assert latency.total == 3 * recording.levels["duration_ns"]


@pytest.mark.parametrize(("connections", "workers"), [(6, 2), (5, 2), (7, 3), (2, 1)])
def test_without_keep_alive_connections_wait_their_turn(connections: int, workers: int) -> None:
    recording = serve(
        clients={"kind": "closed", "connections": connections},
        workers=workers,
        requests_per_connection=1,
        first_pages=0,
    )
    ends_ns: list[int] = []
    latencies_ns: list[int] = []
    while True:
        number = len(ends_ns)
        # A connection waits behind all others, again and again.
        sent_ns = ends_ns[number - connections] if number >= connections else 0
        if sent_ns >= 20_000_000:
            break
        ends_ns.append(SWITCH_NS + (number // workers + 1) * SERVICE_NS)
        latencies_ns.append(ends_ns[-1] - sent_ns)
    latency = recording.histograms["latency_ns"]
    assert latency.count == len(latencies_ns)
    assert latency.total == sum(latencies_ns)
    assert (latency.minimum, latency.maximum) == (min(latencies_ns), max(latencies_ns))
    assert recording.levels["duration_ns"] == max(ends_ns)


def test_keep_alive_lets_others_wait_for_a_whole_turn() -> None:
    recording = serve(
        clients={"kind": "closed", "connections": 2},
        workers=1,
        requests_per_connection=50,
        first_pages=0,
    )
    latency = recording.histograms["latency_ns"]
    # One waits for 50 requests of the other and is then served itself.
    assert latency.maximum == SWITCH_NS + 51 * SERVICE_NS
    assert latency.minimum == SERVICE_NS


def test_a_client_that_works_on_responses_sends_as_fast_as_it_works() -> None:
    work_ns = 50_000
    recording = serve(
        clients={"kind": "closed", "connections": 2, "threads": 1, "work": "50us"}, first_pages=0
    )
    # Both answers come at once; from then on the thread never rests, and sends after each.
    begins_ns = SWITCH_NS + SERVICE_NS + SWITCH_NS
    later = (20_000_000 - 1 - begins_ns) // work_ns
    assert recording.counters["requests"] == 2 + later
    latency = recording.histograms["latency_ns"]
    assert (latency.minimum, latency.maximum) == (SERVICE_NS, SERVICE_NS + SWITCH_NS)


@pytest.mark.parametrize("work", ["0us", "5us"])
def test_all_forks_meet_the_same_requests(work: str) -> None:
    quantiles = {"p0": "20us", "p50": "35us", "p100": "100us"}
    clients = {"kind": "closed", "connections": 3, "threads": 3, "work": work}
    seen = [
        serve(scheme, clients=clients, service=quantiles, first_pages=0).histograms["latency_ns"]
        for scheme in ("classic", "huge", "on_demand")
    ]
    assert seen[0].to_dict() == seen[1].to_dict() == seen[2].to_dict()
    other = serve("classic", 1, clients=clients, service=quantiles, first_pages=0)
    assert other.histograms["latency_ns"].to_dict() != seen[0].to_dict()


def access_log(folder: Path, times: list[tuple[int, int | None]]) -> Path:
    """A log of requests at these seconds, with or without microseconds of service."""
    start = datetime(2026, 11, 23, 7, 25, tzinfo=UTC)
    lines = [
        f'127.0.0.1 - - [{start + timedelta(seconds=second):%d/%b/%Y:%H:%M:%S %z}] "GET / HTTP/1.1"'
        f' 200 14 "-" "curl" {"-" if service_us is None else service_us}\n'
        for second, service_us in times
    ]
    file = folder / "access.log"
    file.write_text("".join(lines), "utf-8")
    return file


def test_the_waits_of_a_trace_are_lindleys(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    services_us = random.integers(100, 60_000, 200).tolist()
    times = [(number // 40, us if number % 3 else None) for number, us in enumerate(services_us)]
    file = access_log(tmp_path, times)
    recording = serve(
        workers=1,
        clients={"kind": "trace", "path": str(file), "unit": "us", "speed": 1.5},
        first_pages=0,
        duration=None,
    )
    free_ns, latencies_ns = 0, []
    arrivals = np.rint(read_access_log(file).arrival_ns() / 1.5).astype(int).tolist()
    for number, (at_ns, (_, us)) in enumerate(zip(arrivals, times, strict=True)):
        service_ns = SERVICE_NS if us is None else 1000 * us
        free_ns = max(free_ns, at_ns) + service_ns + (0 if number else SWITCH_NS)
        latencies_ns.append(free_ns - at_ns)
    latency = recording.histograms["latency_ns"]
    assert recording.counters["requests"] == len(times)
    assert latency.total == sum(latencies_ns)
    assert (latency.minimum, latency.maximum) == (min(latencies_ns), max(latencies_ns))
    assert latency.maximum > 2 * 60_000_000  # somebody waited
    cut = serve(
        workers=1, clients={"kind": "trace", "path": str(file)}, first_pages=0, duration="2s"
    )
    assert cut.counters["requests"] == 80


def test_seconds_in_which_nothing_happens_are_passed_over_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the parent had looked in every one of them: in bursts at whole seconds, and gaps."""
    times: list[tuple[int, int | None]] = []
    for second in (0, 0, 1, 2, 2, 2, 7, 8, 8, 60, 61, 61, 61, 61, 63, 3000, 3001, 3001):
        times += [(second, 1_400_000 if second % 2 else 300_000)] * (1 + second % 4)
    file = access_log(tmp_path, times)

    def run() -> Recording:
        clients = {"kind": "trace", "path": str(file), "unit": "us"}
        return serve(workers=2, spare=2, clients=clients, duration=None)

    looks: list[int] = []

    def every_second(pool: WorkerPool) -> int:
        looks.append(pool.clients.queue.idle_workers)
        return 10**9

    quick = run()
    monkeypatch.setattr(WorkerPool, "_next_look_ns", every_second)
    slow = run()
    assert len(looks) > 3000
    assert slow.counters == quick.counters
    assert slow.counters["workers"] > 4
    assert slow.levels == quick.levels
    for name, histogram in slow.histograms.items():
        assert histogram.total == quick.histograms[name].total
        assert histogram.maximum == quick.histograms[name].maximum


@pytest.mark.parametrize(("most", "workers"), [(256, 4), (3, 3)])
def test_while_too_few_are_idle_ever_more_workers_are_forked(most: int, workers: int) -> None:
    # One serves, three should be idle: one more after a second, two more after another.
    recording = serve(
        workers=1,
        spare=3,
        max_workers=most,
        clients={"kind": "closed", "connections": 1},
        service="10ms",
        duration="6s",
    )
    assert recording.counters["workers"] == workers
    assert recording.histograms["fork_ns"].count == workers


def test_requests_beside_a_fork_are_told_from_others() -> None:
    """A worker is forked after a second, two one after the other after another second."""
    recording = serve(
        workers=1,
        spare=3,
        clients={"kind": "closed", "connections": 1},
        service="10ms",
        duration="6s",
    )
    counts = {
        phase.value: recording.histograms[LATENCY.within(phase).name].count
        for phase in (Phase.FORK, Phase.FIRST_SECOND, Phase.BETWEEN)
    }
    assert sum(counts.values()) == recording.counters["requests"] == 600
    # A request of 10 ms is on its way at each call, perhaps with the next.
    assert 2 <= counts["fork"] <= 4
    assert counts["first_second"] == pytest.approx(200, abs=4)
    assert LATENCY.within(Phase.DURING).name not in recording.histograms
    calls = recording.levels["phase_ns/fork"]
    last_two = recording.histograms["fork_ns"]
    assert calls == pytest.approx(3 * last_two.total / last_two.count, rel=0.2)
    assert "phases" not in serve(workers=4, spare=0).series


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
def test_the_pool_leaves_nothing_behind(scheme: str) -> None:
    kernel = setup(scheme).kernel()
    play(kernel, Apache().start(config(), kernel, setup(scheme).streams()))
    (memory,) = kernel.books.memories
    assert memory.frames.in_use == memory.tables.live == 0


def test_a_shared_core_delays_but_loses_nothing() -> None:
    one = Apache().run(config(), setup(cores=1))
    many = serve()
    assert 0.3 < one.counters["requests"] / many.counters["requests"] < 0.36
    # Latencies fill each connection's time, but for the last slices of three workers.
    filled = one.histograms["latency_ns"].total / (3 * one.levels["duration_ns"])
    assert 0.9 < filled <= 1
    assert one.levels["duration_ns"] < 20_000_000 + 3 * round(PROFILE.costs.time_slice_ns)


def test_a_log_of_requests_that_took_no_time(tmp_path: Path) -> None:
    file = access_log(tmp_path, [(number // 40, 0) for number in range(80)])
    recording = serve(clients={"kind": "trace", "path": str(file), "unit": "us"}, duration=None)
    assert recording.counters["requests"] == 80
    assert recording.histograms["latency_ns"].minimum == 0


def test_golden_of_quantiles_and_keep_alive() -> None:
    recording = serve(
        clients={"kind": "closed", "connections": 1},
        requests_per_connection=10,
        service={"p0": "20us", "p50": "35us", "p100": "100us"},
    )
    latency = recording.histograms["latency_ns"]
    # What was sent was answered: one after the other they fill the time.
    assert latency.total == recording.levels["duration_ns"]
    assert recording.counters["faults/cow_copy"] == 4 * 40  # it meets every worker in turn
    assert latency.count == recording.counters["requests"] == 419
    assert recording.levels["duration_ns"] == 20_015_760
    assert recording.levels["throughput_per_s"] == 419 * 10**9 / 20_015_760


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"first_pages": 1793}, "1792"),
        ({"workers": 300}, "max_workers"),
        ({"duration": "0s"}, "greater than 0"),
        ({"clients": {"kind": "closed", "connections": 2, "threads": 3}}, "as threads"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        config(**changes)
