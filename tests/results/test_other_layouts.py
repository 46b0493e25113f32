"""Whatever a whole record holds, it is one of this layout or set aside, and never a traceback."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from run_folders import sweep
from run_samples import faults, forks, record, redis, redis_recording

from results.figures import run as run_figure
from results.records.record import DamagedRecordError, Record, canonical_json, record_id
from results.records.run_folder import RunFolderError, read
from results.records.store import Store
from results.tables.as_csv import to_csv
from results.tables.as_json import to_json
from results.tables.compare import CompareError, compare
from results.tables.run_table import run_table
from results.tables.terminal import print_table
from results.tables.tidy import tidy
from sim.measures.recording import Recording

REDIS = redis_recording(9, requests=12)
ALONE = {"workload": {"kind": "redis", "keys": {"share": 0.5}}, "fork": {"kind": "classic"}}
MIXED = {"workload": {"kind": "mix", "programs": {"a": {"kind": "redis"}}}, "fork": {}}
BODIES = [
    json.loads(made.to_bytes())
    for made in (
        record(ALONE, REDIS, REDIS),
        record(MIXED, Recording(parts={"a": REDIS, "b": REDIS})),
        forks("huge", sizes=3),
        faults("huge", 7),
    )
]
OTHER: list[Any] = [
    *(None, True, 0, -1, 1.5, 2**60, 2**70, 10**400, "", "a", "1"),
    *([], {}, [[]], {"a": 1}, [1, "2"], [0.5], [2**63], [10**400], [True], {"a": {}}),
    {"a": [1, 2], "b": [1]},
]


def spelled(body: dict[str, Any]) -> tuple[str, bytes]:
    """A body as a record whose id and checksum are right, as far as it can have them."""
    body.pop("sha256", None)
    with suppress(KeyError, TypeError, ValueError):
        body["id"] = record_id(body["config"], body["trace_digests"], body["model"])
    digest = hashlib.sha256(canonical_json(body)).hexdigest()
    id_ = body.get("id")
    data = canonical_json({**body, "sha256": digest}) + b"\n"
    return id_ if isinstance(id_, str) and len(id_) == 64 else "0" * 64, data


def _parts(node: Any) -> Iterator[Any]:
    if isinstance(node, dict | list) and node:
        yield node
        for value in node.values() if isinstance(node, dict) else node[:3]:
            yield from _parts(value)


@st.composite
def other_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """The body of a record with one to three of its mappings and lists changed."""
    body: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(1, 3))):
        part = draw(st.sampled_from(list(_parts(body))))
        value = copy.deepcopy(draw(st.sampled_from(OTHER)))
        if isinstance(part, list):
            place = draw(st.integers(0, len(part)))
            part[place : place + draw(st.integers(0, 1))] = [value]
            continue
        known = draw(st.sampled_from(sorted(part)))
        match draw(st.sampled_from(["put", "drop", "rename"])):
            case "put":
                part[known] = value
            case "drop":
                del part[known]
            case _:
                part[draw(st.sampled_from([*sorted(part), "other"]))] = part.pop(known)
    return body


def shown(records: list[Record]) -> None:
    """Everything that is made of records."""
    table = run_table(records)
    print_table(table, Console(file=io.StringIO()))
    to_csv(table)
    json.dumps(to_json(table))
    tidy(records).to_csv(io.StringIO())
    run_figure.draw(records)


@pytest.mark.histories
@pytest.mark.timeout(600)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(other_bodies())
def test_a_record_of_another_layout_is_shown_or_set_aside(
    tmp_path_factory: pytest.TempPathFactory, body: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    try:
        id_, data = spelled(body)
    except (TypeError, ValueError):  # no JSON
        return
    store = Store(folder / "points")
    others = sweep((1,), repetitions=2).records
    for made in others:
        store.write(made)
    store.file_of(id_).write_bytes(data)
    run = read(folder)
    assert len(run.records) + len(store.set_aside()) == len(others) + 1
    shown(list(run.records))
    with suppress(CompareError):
        compare(run)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(other_bodies())
def test_what_is_read_is_written_as_it_was(body: dict[str, Any]) -> None:
    try:
        _, data = spelled(body)
        found = Record.from_bytes(data)
    except (DamagedRecordError, TypeError, ValueError):
        return
    assert found.repetitions
    again = json.loads(found.to_bytes())
    assert again["repetitions"] == body["repetitions"]
    assert again["config"] == body["config"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing", "link to a device"])
def test_what_is_no_file_is_no_record(tmp_path: Path, kind: str) -> None:
    store = Store(tmp_path / "points")
    made = redis("classic")
    file = store.write(made)
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero" if kind.endswith("device") else "nothing")
    assert store.read(made.id) is None
    with pytest.raises(RunFolderError, match="no point is done"):
        read(tmp_path)
    store.write(made)
    assert store.read(made.id) is not None


@pytest.mark.parametrize(
    "text", ['{"points": [{"id": 1}]}', "[" * 100_000, '{"points": [{"id": "%s", "swept": [1]}]}']
)
def test_a_list_of_points_of_another_layout(tmp_path: Path, text: str) -> None:
    made = redis("classic")
    Store(tmp_path / "points").write(made)
    (tmp_path / "points.json").write_text(text.replace("%s", made.id))
    (tmp_path / "wall").mkdir()
    (tmp_path / "wall" / f"{made.id}.json").write_text("[" * 100_000)
    try:
        assert len(read(tmp_path).records) == 1
    except RunFolderError as error:
        assert "not the id of a record" in str(error)
    assert Store(tmp_path / "points", tmp_path / "wall").read_wall(made.id) is None
