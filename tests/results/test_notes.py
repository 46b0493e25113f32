"""What is said of many points is said once, with the range of what differs."""

from __future__ import annotations

import io

from rich.console import Console
from run_samples import record, redis_recording

from results.tables.notes import by_text, summed_up
from results.tables.run_table import run_table
from results.tables.terminal import View, print_table


def test_texts_of_one_shape_are_one_with_the_range_of_each_number() -> None:
    said = [
        ("the 95% interval of p99.99 is +-16% over 3 repetitions; add repetitions", "a"),
        ("the 95% interval of p99.9 is +-135% over 3 repetitions; add repetitions", "b"),
        ("the 95% interval of p99.99 is +-20% over 3 repetitions; add repetitions", "c"),
    ]
    assert summed_up(said) == [
        (
            "the 95% interval of p99.9 to p99.99 is +-16% to +-135% over 3 repetitions; "
            "add repetitions",
            ["a", "b", "c"],
        )
    ]
    assert by_text(said) == [(text, [row]) for text, row in said]


def test_one_and_several_are_one_shape() -> None:
    said = [("1 snapshot refused: due", 1), ("12 snapshots refused: due", 2)]
    assert summed_up(said) == [("1 to 12 snapshots refused: due", [1, 2])]


def test_numbers_are_compared_as_numbers() -> None:
    said = [(f"p99 rests on {n} requests; run longer", n) for n in ("9", "1,200", "80")]
    assert summed_up(said) == [
        ("p99 rests on 9 to 1,200 requests; run longer", ["9", "1,200", "80"])
    ]


def test_brackets_that_hold_numbers_are_left_out_of_a_range_and_others_tell_apart() -> None:
    said = [
        ("+-16% over 3 (and of 1 more above +-10%); add", 1),
        ("+-20% over 3; add", 2),
        ("80% is due to faults (huge copy)", 1),
        ("85% is due to faults (table copy)", 2),
    ]
    assert summed_up(said) == [
        ("+-16% to +-20% over 3; add", [1, 2]),
        ("80% is due to faults (huge copy)", [1]),
        ("85% is due to faults (table copy)", [2]),
    ]


def test_a_text_that_is_said_once_stays_as_it_is() -> None:
    said = [("+-16% over 3 (and of 1 more above +-10%); add", 1)] * 2
    assert summed_up(said) == [(said[0][0], [1, 1])]


def test_words_that_only_look_like_numbers_are_words() -> None:
    said = [("at 1.2.3 (x", 1), ("at 1.2.4 (x", 2), ("", 3), ("()", 4)]
    assert [text for text, _ in summed_up(said)] == ["at 1.2.3 (x", "at 1.2.4 (x", "", "()"]


def printed(view: View) -> list[str]:
    points = [
        record({"seed": n}, redis_recording(10**6), redis_recording((2 + n) * 10**6))
        for n in range(6)
    ]
    console = Console(file=io.StringIO(), width=200)
    print_table(run_table(points), console, view)
    assert isinstance(console.file, io.StringIO)
    return [line for line in console.file.getvalue().splitlines() if line.startswith("note: ")]


def test_a_run_sums_its_doubts_up_unless_each_is_asked_for() -> None:
    # Largest latencies of 2 and 3 ... 8 ms; t[1] = 12.7 times half their distance.
    assert printed(View()) == [
        "note: all 6 points: p95 rests on 51 requests; run longer",
        "note: all 6 points: the 95% interval of p99.9 is +-254% to +-762% over 2 repetitions; "
        "add repetitions",
    ]
    for view in (View(notes=True), View(every=True)):
        intervals = [line for line in printed(view) if "interval" in line]
        assert len(intervals) == 6
        assert intervals[0] == (
            "note: 0: the 95% interval of p99.9 is +-254% over 2 repetitions (and of 1 more above "
            "+-10%); add repetitions"
        )
