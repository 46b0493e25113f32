"""Doubts are said when there is reason, and only then."""

from run_samples import forks, histogram, record, redis, redis_recording

from results.metrics.doubts import doubts
from sim.measures.common_metrics import LATENCY, SNAPSHOTS_NOT_REACHED, SNAPSHOTS_REFUSED
from sim.measures.recording import Recording


def latencies(count: int) -> Recording:
    return Recording().add(histograms={LATENCY: histogram([1000] * count)})


def test_a_thin_tail_is_named_at_the_first_percentile_it_spoils() -> None:
    assert doubts(record({}, latencies(120_000))) == ["p99.99 rests on 13 requests; run longer"]
    assert doubts(record({}, latencies(1000))) == ["p95 rests on 51 requests; run longer"]
    assert doubts(record({}, latencies(1))) == ["p50 rests on 1 request; run longer"]


def test_the_smallest_repetition_counts() -> None:
    long, short = latencies(2_000_000), latencies(120_000)
    assert doubts(record({}, long, short)) == ["p99.99 rests on 13 requests; run longer"]


def test_nothing_is_doubted_without_reason() -> None:
    assert doubts(record({}, latencies(2_000_000))) == []
    assert doubts(forks("classic", sizes=3)) == []
    assert doubts(record({})) == []


def test_snapshots_that_were_asked_for_and_never_taken_are_said() -> None:
    none = redis_recording(1000, snapshots=0)
    asked = record({"workload": {"snapshot": {"after_changes": 10**9}}}, none, none)
    (said,) = [doubt for doubt in doubts(asked) if "snapshot" in doubt]
    assert said.startswith("no snapshot was taken")
    some = record(asked.config, none, redis_recording(1000, snapshots=5))
    for made in (record({"workload": {"snapshot": None}}, none), some):
        assert not [doubt for doubt in doubts(made) if "snapshot" in doubt]


def test_snapshots_that_were_refused_or_not_reached_are_said() -> None:
    one = redis_recording(1000, snapshots=5)
    one.add(counters={SNAPSHOTS_REFUSED: 1, SNAPSHOTS_NOT_REACHED: 0})
    worse = redis_recording(1000, snapshots=5)
    worse.add(counters={SNAPSHOTS_REFUSED: 0, SNAPSHOTS_NOT_REACHED: 2})
    assert [doubt for doubt in doubts(record({}, one, worse)) if "snapshot" in doubt] == [
        "1 snapshot refused: due while another was running, or together with one",
        "2 snapshots not reached: the run ended before their time",
    ]


def test_few_snapshots_are_said() -> None:
    few = record({}, redis_recording(1000, snapshots=3))
    assert "3 snapshots in a repetition; the tail rests on as few stalls" in doubts(few)
    one = record({}, redis_recording(1000, snapshots=1))
    assert "1 snapshot in a repetition; the tail rests on as few stalls" in doubts(one)
    assert not any("snapshot" in doubt for doubt in doubts(redis("classic")))


def test_repetitions_that_differ_much_are_said() -> None:
    found = doubts(record({}, redis_recording(10**6), redis_recording(2 * 10**6)))
    # The largest latencies are 2 and 3 ms: a mean of 2.5 ms, t[1] = 12.7 times 0.5 ms.
    assert (
        "the 95% interval of p99.9 is +-254% over 2 repetitions (and of 1 more above +-10%); "
        "add repetitions" in found
    )


def test_what_enough_repetitions_make_precise_is_not_doubted() -> None:
    pauses = (10**6, 2 * 10**6)
    found = doubts(record({}, *(redis_recording(pauses[n % 2]) for n in range(60))))
    assert not any("interval" in doubt for doubt in found)


def test_a_warm_up_of_half_the_run_is_said() -> None:
    cut, whole = latencies(2_000_000), latencies(2_000_000)
    cut.levels.update(duration_ns=1000, warmup_ns=490)
    whole.levels.update(duration_ns=1000, warmup_ns=200)
    assert doubts(record({}, whole)) == []
    (doubt,) = doubts(record({}, whole, cut))
    assert doubt.startswith("nearly half of a repetition was cut off as warm-up")
