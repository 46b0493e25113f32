"""Sweeps, overrides, and what makes two points the same."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from fake_program import EXAMPLE, FakeConfig, Replayed, catalogue

from experiments.language.document import load, parse
from experiments.language.errors import Position
from experiments.planning.points import Plan, plan
from experiments.sweeps.overrides import override
from workloads.traces.registry import BUNDLED


def planned(*settings: str, text: str = EXAMPLE) -> Plan:
    document = override(parse(text, Position("a.yaml")), settings)
    return plan(document, Path(), catalogue())


def test_a_point_holds_the_whole_configuration_in_base_units() -> None:
    (point,) = planned("sweep=[]").points
    assert point.config == {
        "forksim": 1,
        "machine": {
            "profile": "epyc-7302p-linux-5.6",
            "cores": 16,
            "memory": None,
            "scheduler": None,
            "constants": {},
            "scale": {},
        },
        "workload": {
            "kind": "fake",
            "dataset": 996 * 2**20,
            "clients": {"kind": "closed", "connections": 3, "pipeline": 2000},
            "set_ratio": 1 / 11,
            "snapshot": {"after_changes": 10000, "at": []},
            "duration": 135 * 10**9,
            "behaviour": "good",
            "weight": 1.0,
            "sizes": None,
        },
        "fork": {"kind": "on_demand", "variant": "paper", "scans_left": None},
        "repetitions": 2,
        "seed": 20210426,
    }
    assert point.swept == {}
    assert point.label == "fork.kind=on_demand"


def test_a_sweep_is_the_product_of_its_blocks_the_last_fastest() -> None:
    points = planned(
        "sweep=[{grid: {fork.kind: [classic, huge]}}, {grid: {machine.cores: [1, 2], seed: [7]}}]"
    ).points
    assert [point.swept for point in points] == [
        {"fork.kind": kind, "machine.cores": cores, "seed": "7"}
        for kind in ("classic", "huge")
        for cores in ("1", "2")
    ]
    assert [(p.config["fork"]["kind"], p.config["machine"]["cores"]) for p in points] == [
        ("classic", 1),
        ("classic", 2),
        ("huge", 1),
        ("huge", 2),
    ]


def test_a_sweep_may_vary_whole_mappings_and_what_the_file_leaves_out() -> None:
    points = planned(
        "sweep.0.grid={workload.clients: [{kind: open, rate: 80k/s}], workload.snapshot.at: [[1s]]}"
    ).points
    (config,) = (point.workload for point in points)
    assert isinstance(config, FakeConfig)
    assert config.clients.model_dump() == {"kind": "open", "rate": 80_000.0}
    assert config.snapshot is not None
    assert config.snapshot.at == (10**9,)
    assert points[0].swept == {
        "workload.clients": '{"kind": "open", "rate": "80k/s"}',
        "workload.snapshot.at": '["1s"]',
    }


def test_settings_apply_in_turn() -> None:
    (point,) = planned("sweep=[]", "machine.cores=2", "machine={cores: 3}", "fork.kind=huge").points
    assert point.config["machine"]["cores"] == 3
    assert point.config["fork"] == {"kind": "huge"}


def test_a_setting_reaches_into_the_sweep() -> None:
    points = planned("sweep.0.grid={seed: [1, 2, 3]}").points
    assert [point.config["seed"] for point in points] == [1, 2, 3]


def test_the_same_point_has_the_same_id_however_it_is_written() -> None:
    swept = {point.id for point in planned().points}
    single = {
        planned("sweep=[]", f"fork.kind={kind}", "name=b").points[0].id
        for kind in ("classic", "on_demand")
    }
    assert swept == single
    assert planned("workload.dataset=1044381696").points[0].id in swept
    assert planned("workload.dataset=997MiB").points[0].id not in swept
    assert planned("repetitions=3").points[0].id not in swept


def test_a_trace_is_named_in_the_record_and_opened_from_the_folder(tmp_path: Path) -> None:
    trace = tmp_path / "there" / "trace.log.gz"
    trace.parent.mkdir()
    shutil.copy(BUNDLED / "redis_monitor.log.gz", trace)
    text = EXAMPLE.replace(
        "{kind: closed, connections: 3, pipeline: 2000}", "{kind: trace, path: there/trace.log.gz}"
    )
    (tmp_path / "a.yaml").write_text(text)
    point = plan(load(tmp_path / "a.yaml"), tmp_path, catalogue()).points[0]
    assert point.config["workload"]["clients"]["path"] == "there/trace.log.gz"
    assert isinstance(point.workload, FakeConfig)
    assert point.workload.clients == Replayed(kind="trace", path=str(trace))
    digest = hashlib.sha256(trace.read_bytes()).hexdigest()
    assert point.digests["workload.clients.path"] == digest
    assert point.digests["machine.profile"] == point.profile.digest


def test_the_same_trace_elsewhere_is_the_same_point(tmp_path: Path) -> None:
    ids = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        shutil.copy(BUNDLED / "redis_monitor.log.gz", folder / "t")
        clients = parse("{kind: trace, path: t}", Position("x"))
        document = parse(EXAMPLE, Position("a.yaml"))
        document.assign(("workload", "clients"), clients, Position("x"))
        ids.append([point.id for point in plan(document, folder, catalogue()).points])
    assert ids[0] == ids[1]


def test_constants_of_the_profile_can_be_set_and_scaled() -> None:
    plain, scaled = planned(
        "sweep=[{grid: {machine.scale: [{}, {page_free_ns: 2}]}}]",
        "machine.constants={fork_base_ns: 7}",
    ).points
    assert plain.profile.costs.fork_base_ns == 7
    assert scaled.profile.costs.fork_base_ns == 7
    assert scaled.profile.costs.page_free_ns == 2 * plain.profile.costs.page_free_ns
    assert scaled.config["machine"]["scale"] == {"page_free_ns": 2.0}
    assert plain.id != scaled.id
    assert plain.profile.digest != scaled.profile.digest
