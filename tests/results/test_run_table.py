"""The run's table on a terminal, as CSV and as JSON, letter by letter."""

import csv
import io
import json

import pytest
from rich.console import Console
from run_samples import SCHEMES, forks, record, redis

from results.metrics.names import UnknownMetricError
from results.tables.as_csv import to_csv
from results.tables.as_json import to_json
from results.tables.run_table import RunTable, run_table
from results.tables.terminal import View, print_table
from sim.measures.common_metrics import REQUESTS
from sim.measures.recording import Recording
from workloads.running.faults import fault_of

A, B = fault_of("a"), fault_of("b")


def printed(table: RunTable, *, width: int, view: View | None = None) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, _environ={})
    print_table(table, console, view)
    assert isinstance(console.file, io.StringIO)
    return "\n" + console.file.getvalue()


HEADLINES = """
fork.kind    p99.9      max  fork max
─────────────────────────────────────
classic    8.40 ms  8.40 ms   7.40 ms
huge       1.19 ms  1.19 ms  0.190 ms
on_demand  1.12 ms  1.12 ms  0.120 ms

the same in all: throughput 100/s, extra memory 5 MiB
note: classic, huge, on_demand: p95 rests on 51 requests; run longer
9 more metrics with --all
"""

TURNED = """
fork.kind     classic      huge  on_demand
──────────────────────────────────────────
requests        1,000     1,000      1,000
throughput      100/s     100/s      100/s
p50            500 us    500 us     500 us
p90            900 us    900 us     900 us
p95            950 us    950 us     950 us
p99            990 us    990 us     990 us
p99.9         8.40 ms   1.19 ms    1.12 ms
p99.99        8.40 ms   1.19 ms    1.12 ms
max           8.40 ms   1.19 ms    1.12 ms
fork mean     7.40 ms  0.190 ms   0.120 ms
fork max      7.40 ms  0.190 ms   0.120 ms
snapshots           4         4          4
cow copy          321       321        321
extra memory    5 MiB     5 MiB      5 MiB

note: classic, huge, on_demand: p95 rests on 51 requests; run longer
"""

WIDE = """
fork.kind  requests  throughput     p50     p90     p95     p99    p99.9   p99.99      max  fork mean  fork max  snapshots  cow copy  extra memory
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
classic       1,000       100/s  500 us  900 us  950 us  990 us  8.40 ms  8.40 ms  8.40 ms    7.40 ms   7.40 ms          4       321         5 MiB

note: classic: p95 rests on 51 requests; run longer
"""  # noqa: E501 - the table is as wide as that

ALL = View(every=True)


def test_a_sweep_shows_the_headlines_that_differ_and_says_the_others_once() -> None:
    table = run_table([redis(kind) for kind in SCHEMES])
    assert printed(table, width=80) == HEADLINES
    assert printed(table, width=37).splitlines()[:6] == HEADLINES.splitlines()[:6]


def test_a_table_that_is_too_wide_is_turned() -> None:
    table = run_table([redis(kind) for kind in SCHEMES])
    assert printed(table, width=80, view=ALL) == TURNED


def test_a_table_that_fits_is_as_it_is() -> None:
    table = run_table([redis("classic")], [{"fork.kind": "classic"}])
    assert printed(table, width=146, view=ALL) == WIDE
    assert printed(table, width=146) == WIDE


def test_the_metrics_that_are_asked_for_stand_in_that_order() -> None:
    table = run_table([redis(kind) for kind in SCHEMES])
    lines = printed(table, width=80, view=View(["snapshots", "p99_us", "latency_p50_ns"]))
    assert lines.splitlines()[1:4] == [
        "fork.kind  snapshots     p99     p50",
        "────────────────────────────────────",
        "classic            4  990 us  500 us",
    ]
    assert "--all" not in lines
    with pytest.raises(UnknownMetricError, match="p98: no such metric: expected one of requests"):
        printed(table, width=80, view=View(["p98"]))


def test_headlines_that_are_all_the_same_have_columns_all_the_same() -> None:
    table = run_table([redis("classic"), redis("classic", share=0.5)])
    lines = printed(table, width=80).splitlines()
    assert lines[1].split()[:3] == ["workload.keys.share", "throughput", "p99.9"]
    assert not any("the same" in line for line in lines)


def test_forks_stand_with_their_options_in_one_column_where_the_sweep_has_them() -> None:
    labels = [
        {"workload.dataset": "1GiB", "fork.kind": "on_demand", "fork.variant": "head"},
        {"workload.dataset": "2GiB", "fork.kind": "huge"},
    ]
    table = run_table([redis("on_demand"), redis("huge")], labels)
    _, heading, _, *rows = printed(table, width=80).splitlines()
    assert heading.split()[:2] == ["workload.dataset", "fork.kind"]
    assert rows[0].split()[:3] == ["1GiB", "on_demand", "head"]
    assert rows[1].split()[:2] == ["2GiB", "huge"]
    assert to_csv(table).startswith("workload.dataset,fork.kind,fork.variant,")


def test_a_mean_of_repetitions_that_differ_has_its_interval_beside_it() -> None:
    # t[1] = 12.706 times a deviation of 14.14 over the root of 2.
    counted = [Recording().add(counters={REQUESTS: 1000 + n}) for n in (-10, 10)]
    text = printed(run_table([record({}, *counted)]), width=80)
    assert text.split()[:4] == ["requests", "──────────", "1,000", "±13%"]
    (row,) = to_json(run_table([record({}, *counted)]))
    low, high = row["metrics"]["requests"]["interval"]
    assert (low + high) / 2 == 1000
    assert high - low == pytest.approx(254.12, abs=0.01)
    (alone,) = to_json(run_table([record({}, counted[0])]))
    assert alone["metrics"]["requests"]["interval"] is None


def test_of_many_sizes_the_round_ones_are_shown() -> None:
    table = run_table([forks(kind) for kind in ("classic", "on_demand")])
    assert (
        printed(table, width=80)
        == """
fork.kind  fork 1GB  fork 10GB  fork 50GB
─────────────────────────────────────────
classic    5,000 us      50 ms     250 ms
on_demand     20 us   0.200 ms       1 ms
"""
    )


def test_faults_that_no_point_had_are_left_out_and_others_stay() -> None:
    records = [
        record({"seed": n}, Recording().add(counters={REQUESTS: 0, A: n, B: 0})) for n in (0, 1)
    ]
    table = run_table(records)
    for width in (80, 20):
        words = printed(table, width=width, view=ALL).split()
        assert {"requests", "a"} <= set(words)
        assert "b" not in words
    assert "faults/b" in to_csv(table)


def test_labels_are_the_users_own_words() -> None:
    table = run_table([redis("classic")], [{"workload.dataset": "1GiB"}])
    assert table.swept == ["workload.dataset"]
    assert "1GiB" in printed(table, width=80)


def test_text_of_the_user_is_not_taken_for_markup() -> None:
    table = run_table([redis("classic")], [{"name": "[bold]x[/nonsense]"}])
    assert "[bold]x[/nonsense]" in printed(table, width=80)


def test_the_csv_holds_every_metric() -> None:
    table = run_table([redis(kind, repetitions=2) for kind in SCHEMES])
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert list(rows[0]) == [
        "fork.kind", "requests", "throughput_per_s", "latency_p50_ns", "latency_p90_ns",
        "latency_p95_ns", "latency_p99_ns", "latency_p99.9_ns", "latency_p99.99_ns",
        "latency_max_ns", "fork_mean_ns", "fork_max_ns", "snapshots", "faults/cow_copy",
        "faults/table_copy", "extra_memory_bytes_peak", "duration_ns", "latency_mean_ns",
        "repetitions", "id",
    ]  # fmt: skip
    assert [row["fork.kind"] for row in rows] == list(SCHEMES)
    assert rows[0]["latency_max_ns"] == "8400000"
    assert rows[0]["repetitions"] == "2"
    assert rows[2]["id"] == redis("on_demand").id


def test_sizes_stand_in_the_order_of_the_sizes() -> None:
    heading = to_csv(run_table([forks("classic", sizes=25)])).splitlines()[0].split(",")
    assert heading[:4] == ["fork_ns/0.5GB", "fork_ns/1GB", "fork_ns/1.5GB", "fork_ns/2GB"]
    assert heading[-4:] == ["fork_ns/12GB", "fork_ns/12.5GB", "repetitions", "id"]


def test_a_point_without_a_metric_has_an_empty_cell() -> None:
    bare = record({"fork": {"kind": "classic"}}, Recording().add(counters={REQUESTS: 5}))
    labels = [{"fork.kind": "classic"}, {"fork.kind": "huge"}]
    table = run_table([bare, forks("huge", sizes=1)], labels)
    text = to_csv(table)
    assert text.splitlines()[0].startswith("fork.kind,requests,fork_mean_ns,fork_max_ns,")
    assert text.splitlines()[1].startswith("classic,5,,,")
    shown = printed(table, width=80)
    assert shown.splitlines()[1:] == [
        "fork.kind  fork max",
        "───────────────────",
        "classic           -",
        "huge          50 us",
        "",
        "2 more metrics with --all",
    ]


def test_columns_do_not_depend_on_the_order_in_which_metrics_came() -> None:
    one = record({}, Recording().add(counters={B: 1, A: 2, REQUESTS: 3}))
    other = record({}, Recording().add(counters={REQUESTS: 3, A: 2, B: 1}))
    assert to_csv(run_table([one])) == to_csv(run_table([other]))


def test_without_labels_the_differing_fields_are_found() -> None:
    records = [record({"seed": 1, "fork": {"kind": "a", "x": None}, "w": {"n": n}}) for n in (1, 2)]
    assert run_table(records).swept == ["w.n"]
    assert run_table(records[:1]).swept == []
    assert to_csv(run_table([])) == "repetitions,id\n"


def test_the_json_is_plain_data_with_the_spread() -> None:
    (point,) = json.loads(json.dumps(to_json(run_table([redis("huge", repetitions=2)]))))
    assert point["id"] == redis("huge").id
    assert point["fields"] == {}
    assert point["metrics"]["fork_mean_ns"] == {
        "mean": 190_000, "std": 0.0, "min": 190_000, "max": 190_000,
        "interval": [190_000, 190_000], "repetitions": 2,
    }  # fmt: skip
    assert point["doubts"] == ["p95 rests on 51 requests; run longer"]
