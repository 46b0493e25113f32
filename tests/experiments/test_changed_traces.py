"""What is simulated has the digest of its point: a trace that changes makes the point fail."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monitor_lines import line
from samples import FORMAT_OF, lines_of
from test_traces_read_once import nothing_kept

from experiments.commands.cli import main
from experiments.execution.executors.attempt import attempt
from experiments.execution.simulation import simulate
from experiments.execution.trace_checks import check_traces
from experiments.language.catalogue import catalogue
from experiments.language.document import Document, load
from experiments.language.errors import InputError
from experiments.planning.points import Point, plan
from results.records.record import Record
from workloads.traces import registry
from workloads.traces.formats.monitor import read_monitor
from workloads.traces.reading import accounting
from workloads.traces.reading.text import BLOCK_BYTES, TraceError, read_blocks

WORKLOADS = {
    "redis_monitor": "{kind: redis, dataset: 1MiB, clients: {kind: trace, path: trace%s}}",
    "csv": "{kind: redis, dataset: 1MiB, clients: {kind: trace, path: trace%s}}",
    "access_log": "{kind: apache, clients: {kind: trace, path: trace%s}}",
    "sqlite_tests": "{kind: sqlite, database: 1MiB, log: {kind: trace, path: trace%s}}",
    "afl_plot_data": "{kind: afl, target: 1MiB, rates: {kind: trace, path: trace%s}}",
}
SAMPLES = {FORMAT_OF[name]: b"".join(lines_of(name)[:12]) for name in FORMAT_OF}
SENTENCE = "another file than was planned, or changed since then: SHA-256 "


def commands(count: int, key: bytes = b"key") -> bytes:
    return b"".join(line(b"SET", key, b"v", time_us=10**15 + 9 * n) for n in range(count))


def planned(folder: Path, text: bytes, format_name: str = "redis_monitor", more: str = "") -> Point:
    (folder / "trace").write_bytes(text)
    file = folder / "a.yaml"
    workload = WORKLOADS[format_name] % more
    file.write_text(f"forksim: 1\nname: a\nworkload: {workload}\nfork: {{kind: classic}}\n")
    (point,) = plan(load(file), folder, catalogue()).points
    return point


def check_refused(point: Point, file: Path) -> None:
    with pytest.raises(TraceError) as caught:
        simulate(point)
    wanted = point.digests[next(path for path in point.digests if path.startswith("workload"))]
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    assert str(caught.value) == f"{file}:1:1: {SENTENCE}{found}: expected {wanted}"
    tried = attempt(point)
    assert tried.record is None
    assert SENTENCE in tried.reason


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "same size": lambda text: text.replace(b"key", b"kee", 1),
    "grown": lambda text: text + commands(1),
    "shorter": lambda text: text[: text.rindex(b"\n", 0, -1) + 1],
    "cut in a line": lambda text: text[:-9],
    "damaged": lambda text: b"rubbish\n" + text,
    "of another format": lambda _: SAMPLES["access_log"],
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
def test_a_trace_that_changes_after_planning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, kept: bool
) -> None:
    monkeypatch.setattr(registry, "_KEPT", nothing_kept(2**28 if kept else 1))
    point = planned(tmp_path, commands(40))
    file = tmp_path / "trace"
    before = simulate(point).to_bytes()
    file.write_bytes(CHANGES[change](commands(40)))
    check_refused(point, file)
    file.write_bytes(commands(40))
    assert simulate(point).to_bytes() == before


def test_a_trace_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    point = planned(tmp_path, commands(40))
    (tmp_path / "trace").unlink()
    assert "trace:1:1: No such file or directory" in attempt(point).reason


@pytest.mark.parametrize("when", ["planned", "simulated"])
def test_a_trace_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    text = commands(3 * BLOCK_BYTES // len(commands(1)))
    file = tmp_path / "trace"
    monkeypatch.setattr(registry, "_KEPT", nothing_kept(2**28))

    def changing(*arguments: Any) -> Generator[bytes, None, None]:
        blocks = read_blocks(*arguments)
        yield next(blocks)
        with file.open("r+b") as stream:  # in place, beyond what was read
            stream.seek(text.rindex(b"key"))
            stream.write(b"kee")
        yield from blocks

    def planned_or_simulated() -> Record:
        if when == "planned":
            with monkeypatch.context() as patch:
                patch.setattr(accounting, "read_blocks", changing)
                point = planned(tmp_path, text)
            file.write_bytes(text)
            return simulate(point)
        point = planned(tmp_path, text)
        registry._KEPT._kept.clear()  # as a worker process begins
        monkeypatch.setattr(accounting, "read_blocks", changing)
        return simulate(point)

    with pytest.raises(TraceError, match=SENTENCE):
        planned_or_simulated()


def test_a_log_that_grows_while_it_is_read_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = commands(3 * BLOCK_BYTES // len(commands(1)))
    file = tmp_path / "trace"
    file.write_bytes(text)

    def growing(*arguments: Any) -> Generator[bytes, None, None]:
        for block in read_blocks(*arguments):
            with file.open("ab") as stream:
                stream.write(commands(1)[:-5])
            yield block

    monkeypatch.setattr(accounting, "read_blocks", growing)
    trace = read_monitor(file)
    assert len(trace) == trace.accounting.lines == text.count(b"\n")
    assert trace.accounting.sha256 == hashlib.sha256(text).hexdigest()
    assert file.stat().st_size > len(text)


def test_a_point_whose_trace_has_changed_fails_and_leaves_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(tmp_path, commands(40))

    def then_changed(points: Any, document: Document) -> None:
        check_traces(points, document)
        (tmp_path / "trace").write_bytes(commands(41))

    monkeypatch.setattr("experiments.commands.run.check_traces", then_changed)
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["run", str(tmp_path / "a.yaml"), "--out", str(out)])
    assert result.exit_code == 1
    assert f"failed: TraceError: {tmp_path / 'trace'}:1:1: {SENTENCE}" in result.stderr
    assert not list((out / "points").glob("*.json"))


def test_the_file_that_is_wanted_can_be_said(tmp_path: Path) -> None:
    text = commands(40)
    digest = hashlib.sha256(text).hexdigest()
    assert planned(tmp_path, text, more=f", sha256: {digest}").digests["workload.clients.path"] == (
        digest
    )
    with pytest.raises(InputError) as caught:
        planned(tmp_path, text + commands(1), more=f", sha256: {digest}")
    assert str(caught.value).startswith(
        f"{tmp_path / 'a.yaml'}:3:69: workload.clients.path: {tmp_path / 'trace'}:1:1: {SENTENCE}"
    )
    with pytest.raises(InputError, match=r"workload\.clients\.sha256"):
        planned(tmp_path, text, more=", sha256: 12")


@pytest.fixture(params=WORKLOADS)
def text_and_point(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[bytes, Point]:
    return SAMPLES[request.param], planned(tmp_path, SAMPLES[request.param], request.param)


@given(
    position=st.integers(0, 10**6),
    length=st.sampled_from([0, 1, 1, 2, 5, 40]),
    piece=st.sampled_from([b"", b"0", b"7", b"\n", b",", b'"', b" "]) | st.binary(max_size=8),
)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_changes_is_noticed(
    text_and_point: tuple[bytes, Point], position: int, length: int, piece: bytes, tmp_path: Path
) -> None:
    text, point = text_and_point
    changed = bytearray(text)
    start = position % (len(text) + 1)
    changed[start : start + length] = piece
    file = tmp_path / "trace"
    file.write_bytes(changed)
    if changed == text:
        assert simulate(point).id == point.id
    else:
        check_refused(point, file)
