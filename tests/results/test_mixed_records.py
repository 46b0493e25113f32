"""A record of several programs: a row, doubts and panels for each."""

from __future__ import annotations

import json

from rich.console import Console
from run_samples import forks, redis, redis_recording

from results.figures import run
from results.metrics.doubts import doubts
from results.records.record import Record
from results.tables.as_csv import to_csv
from results.tables.as_json import to_json
from results.tables.run_table import run_table
from results.tables.terminal import print_table
from sim.measures.recording import Recording


def mixed(kind: str, pause_ns: int) -> Record:
    """A Redis beside a micro-benchmark, in two repetitions."""
    (loop,) = forks(kind, sizes=3).repetitions
    parts = {"cache": redis_recording(pause_ns), "loop": loop}
    programs = {"cache": {"kind": "redis", "dataset": 5}, "loop": {"kind": "microbench"}}
    config = {"workload": {"kind": "mix", "programs": programs}, "fork": {"kind": kind}}
    return Record(config, {}, "1", [Recording(parts=parts)] * 2)


RECORDS = [mixed("classic", 7_000_000), mixed("on_demand", 100_000)]


def test_each_program_has_a_record_as_if_alone() -> None:
    (cache_name, cache), (loop_name, loop) = RECORDS[0].by_program()
    assert (cache_name, loop_name) == ("cache", "loop")
    assert cache.config == {
        "workload": {"kind": "redis", "dataset": 5},
        "fork": {"kind": "classic"},
    }
    assert len(cache.repetitions) == 2
    assert cache.repetitions[0].to_dict() == redis_recording(7_000_000).to_dict()
    assert loop.repetitions[0].to_dict() == forks("classic", sizes=3).repetitions[0].to_dict()
    assert doubts(cache) == doubts(redis("classic"))
    assert doubts(RECORDS[0]) == doubts(loop) == []


def test_a_single_program_is_its_own_record() -> None:
    single = redis("classic")
    assert single.by_program() == [(None, single)]


def test_the_bytes_hold_the_parts_and_those_of_a_single_program_do_not() -> None:
    again = Record.from_bytes(RECORDS[0].to_bytes())
    assert again.to_bytes() == RECORDS[0].to_bytes()
    assert [name for name, _ in again.by_program()] == ["cache", "loop"]
    assert b'"parts"' not in redis("classic").to_bytes()


def test_the_table_has_a_row_for_each_program_of_each_point() -> None:
    table = run_table(RECORDS)
    named = [(row.labels["fork.kind"], row.program) for row in table.rows]
    assert named == [
        (kind, program) for kind in ("classic", "on_demand") for program in ("cache", "loop")
    ]
    assert [row.id for row in table.rows] == [r.id for r in RECORDS for _ in range(2)]
    heading, *rows = (line.split(",") for line in to_csv(table).splitlines())
    assert heading[:2] == ["fork.kind", "program"]
    assert [row[:2] for row in rows] == [list(pair) for pair in named]
    place = heading.index("fork_ns/1GB")
    assert [bool(row[place]) for row in rows] == [False, True, False, True]
    objects = json.loads(json.dumps(to_json(table)))
    assert [point["program"] for point in objects] == ["cache", "loop"] * 2
    assert "program" not in to_json(run_table([redis("classic")]))[0]
    assert "program" not in to_csv(run_table([redis("classic")]))


def test_the_terminals_table_names_the_program_and_its_doubts() -> None:
    console = Console(record=True, width=200)
    print_table(run_table(RECORDS), console)
    text = console.export_text()
    heading = next(line.split() for line in text.splitlines() if "program" in line)
    assert heading[:2] == ["fork.kind", "program"]
    assert "note: classic cache, on_demand cache: p95 rests on" in text
    bare = Console(record=True, width=200)
    print_table(run_table(RECORDS[:1]), bare)
    assert "note: cache: p95 rests on" in bare.export_text()


def test_the_figure_has_a_row_of_panels_for_each_program() -> None:
    figure = run.draw(RECORDS)
    assert figure is not None
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["cache", "", "loop"]
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "percentile", "time (s)", "memory of the process"
    ]  # fmt: skip
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["Fork", "On-demand-fork", "snapshot"]
    figure.canvas.draw()
    first, second, below = (axes.get_position() for axes in figure.axes)
    assert min(first.y0, second.y0) > below.y1


def test_of_many_programs_eight_are_drawn_and_the_figure_says_so() -> None:
    parts = {f"p{number}": redis_recording(10) for number in range(9)}
    figure = run.draw([Record({"fork": {"kind": "classic"}}, {}, "1", [Recording(parts=parts)])])
    assert figure is not None
    assert len(figure.axes) == 16
    assert figure.legends[0].get_title().get_text() == "8 of 9 programs"
