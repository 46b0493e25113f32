"""What each block of a sweep means, and conditions on all of them."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_program import EXAMPLE, catalogue
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from experiments.language.document import load, parse
from experiments.language.errors import Position
from experiments.planning.points import Plan, Point, plan
from experiments.sweeps.overrides import override

PROFILE = "epyc-7302p-linux-5.6"


def planned(sweep: str, *settings: str) -> Plan:
    document = override(parse(EXAMPLE, Position("a.yaml")), [f"sweep={sweep}", *settings])
    return plan(document, Path(), catalogue())


def swept(sweep: str, *settings: str) -> list[dict[str, str]]:
    return [dict(point.swept) for point in planned(sweep, *settings).points]


def values(points: tuple[Point, ...], *keys: str) -> list[Any]:
    found: list[Any] = []
    for point in points:
        value: Any = point.config
        for key in keys:
            value = value[key]
        found.append(value)
    return found


def test_lists_of_a_zip_go_together() -> None:
    assert swept("[{zip: {seed: [1, 2, 2], machine.cores: [8, 4, 8]}}]") == [
        {"seed": "1", "machine.cores": "8"},
        {"seed": "2", "machine.cores": "4"},
        {"seed": "2", "machine.cores": "8"},
    ]


def test_a_list_gives_each_point_fields_of_its_own() -> None:
    sweep = "[{list: [{}, {machine.scale.page_free_ns: 0.8}, {seed: 3, fork: {kind: huge}}]}]"
    points = planned(sweep).points
    assert [point.swept for point in points] == [
        {},
        {"machine.scale.page_free_ns": "0.8"},
        {"seed": "3", "fork": '{"kind": "huge"}'},
    ]
    assert values(points, "fork", "kind") == ["on_demand", "on_demand", "huge"]
    assert values(points, "seed") == [20210426, 20210426, 3]
    plain, scaled, _ = points
    assert scaled.profile.costs.page_free_ns == 0.8 * plain.profile.costs.page_free_ns


def test_blocks_of_all_kinds_are_combined_in_the_order_written() -> None:
    sweep = """[
      {zip: {seed: [1, 2], machine.cores: [8, 4]}},
      {grid: {fork.kind: [classic, huge]}},
      {list: [{workload.weight: 1.0}, {workload.dataset: 1GiB}, {}]}
    ]"""
    assert swept(sweep) == [
        {"seed": seed, "machine.cores": cores, "fork.kind": fork, **own}
        for seed, cores in (("1", "8"), ("2", "4"))
        for fork in ("classic", "huge")
        for own in ({"workload.weight": "1.0"}, {"workload.dataset": "1GiB"}, {})
    ]


def sample(method: str, fields: str, count: int = 8, seed: int = 5) -> str:
    return f"[{{sample: {{method: {method}, count: {count}, seed: {seed}, fields: {fields}}}}}]"


SAMPLED = "{workload.weight: {from: 2, to: 4}, machine.scale.page_free_ns: {from: 0.0, to: 1}}"


def test_a_sample_is_that_of_scipy_for_the_seed() -> None:
    def rng() -> np.random.Generator:
        return np.random.default_rng(5)

    cubes = {
        "uniform": rng().random((8, 2)),
        "latin_hypercube": qmc.LatinHypercube(2, rng=rng()).random(8),
        "sobol": qmc.Sobol(2, rng=rng()).random_base2(3),
    }
    for method, cube in cubes.items():
        points = planned(sample(method, SAMPLED)).points
        got = [
            (p.config["workload"]["weight"], p.config["machine"]["scale"]["page_free_ns"])
            for p in points
        ]
        assert np.allclose(got, np.column_stack([2 + 2 * cube[:, 0], cube[:, 1]]), rtol=1e-11)


def test_each_slice_of_a_latin_hypercube_has_one_point() -> None:
    points = planned(
        sample("latin_hypercube", "{workload.dataset: {from: 1GiB, to: 64GiB, scale: log}}", 12)
    ).points
    octaves = np.log2(np.array(values(points, "workload", "dataset"), dtype=float) / 2**30)
    assert sorted(np.floor(octaves * 2).tolist()) == list(range(12))


def test_sampled_values_are_of_the_fields_own_kind() -> None:
    fields = """{
      workload.dataset: {from: 0.25GiB, to: 64GiB, scale: log},
      workload.duration: {from: 0, to: 10ms},
      workload.clients.rate: {from: 10k/s, to: 80k/s},
      workload.set_ratio: {from: 10%, to: 1/2},
      machine.cores: {from: 1, to: 64, scale: log},
      workload.weight: {from: 1, to: 64}
    }"""
    open_loop = "workload.clients={kind: open}"
    points = planned(sample("uniform", fields, 50), open_loop).points
    ranges: dict[tuple[str, ...], tuple[type, float, float]] = {
        ("workload", "dataset"): (int, 2**28, 2**36),
        ("workload", "duration"): (int, 0, 10**7),
        ("workload", "clients", "rate"): (float, 10_000, 80_000),
        ("workload", "set_ratio"): (float, 0.1, 0.5),
        ("machine", "cores"): (int, 1, 64),
        ("workload", "weight"): (float, 1, 64),
    }
    for keys, (kind, least, most) in ranges.items():
        drawn = values(points, *keys)
        assert {type(value) for value in drawn} == {kind}
        assert least <= min(drawn) and max(drawn) <= most
        assert len(set(drawn)) > 10
    assert any(value % 1 for value in values(points, "workload", "weight"))


def test_a_sample_is_the_same_again_and_another_with_another_seed() -> None:
    fields = "{workload.dataset: {from: 1GiB, to: 64GiB}}"
    for method in ("uniform", "latin_hypercube", "sobol"):
        first, again, other = (
            [point.id for point in planned(sample(method, fields, seed=seed)).points]
            for seed in (5, 5, 6)
        )
        assert first == again
        assert not set(first) & set(other)


SIZES = "{grid: {workload.dataset: [4GiB, 8192MiB, 16GiB], fork.kind: [classic, huge, on_demand]}}"


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("[{workload.dataset: 8GiB}]", {(1, 0), (1, 1), (1, 2)}),
        ("[{fork.kind: [classic, huge], workload.dataset: {above: 8GiB}}]", {(2, 0), (2, 1)}),
        (
            "[{fork.kind: on_demand}, {workload.dataset: {at_most: 4GiB}}]",
            {(0, 0), (0, 1), (0, 2), (1, 2), (2, 2)},
        ),
        ("[{fork.kind: {not: [classic, huge]}, workload.dataset: {below: 8GiB}}]", {(0, 2)}),
        (
            "[{workload.dataset: {at_least: 5GiB, at_most: 10GiB}, fork.kind: {not: huge}}]",
            {(1, 0), (1, 2)},
        ),
        (
            "[{machine.cores: 16, workload.duration: 135000ms, fork.kind: huge}]",
            {(0, 1), (1, 1), (2, 1)},
        ),
        (
            "[{seed: {above: 20210425}, workload.set_ratio: {below: 10%}, fork.kind: huge}]",
            {(0, 1), (1, 1), (2, 1)},
        ),
    ],
)
def test_a_condition_keeps_the_points_that_meet_one_alternative(
    where: str, kept: set[tuple[int, int]]
) -> None:
    sizes, forks = ("4GiB", "8192MiB", "16GiB"), ("classic", "huge", "on_demand")
    assert swept(f"[{SIZES}, {{where: {where}}}]") == [
        {"workload.dataset": sizes[i], "fork.kind": forks[j]}
        for i in range(3)
        for j in range(3)
        if (i, j) in kept
    ]


def test_all_conditions_hold_wherever_they_stand() -> None:
    sweep = f"[{{where: [{{fork.kind: huge}}]}}, {SIZES}, {{where: [{{workload.dataset: 16GiB}}]}}]"
    assert swept(sweep) == [{"workload.dataset": "16GiB", "fork.kind": "huge"}]


def test_a_condition_drops_points_that_would_be_wrong() -> None:
    sweep = """[
      {grid: {workload.sizes: [{first: 1, last: 2}, {first: 2, last: 1}], seed: [1]}},
      {where: [{workload.sizes.last: 2}]}
    ]"""
    assert [point.config["workload"]["sizes"]["first"] for point in planned(sweep).points] == [1]


def test_a_condition_on_what_a_row_leaves_alone_sees_the_files_value() -> None:
    rows = "{list: [{}, {seed: 3}, {workload.dataset: 1GiB}]}"
    assert swept(f"[{rows}, {{where: [{{seed: {{above: 3}}}}]}}]") == [
        {},
        {"workload.dataset": "1GiB"},
    ]


def test_a_trace_can_be_swept(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("time_s,key,op\n0.0,k,get\n0.5,k,set\n")
    (tmp_path / "e.yaml").write_text(
        EXAMPLE.replace(
            "fork.kind: [classic, on_demand]", "workload.clients.path: [a.csv, b.csv]"
        ).replace("{kind: closed, connections: 3, pipeline: 2000}", "{kind: trace}")
    )
    points = plan(load(tmp_path / "e.yaml"), tmp_path, catalogue()).points
    assert [point.workload.clients.path for point in points] == [  # type: ignore[attr-defined] # the program's model
        str(tmp_path / "a.csv"),
        str(tmp_path / "b.csv"),
    ]
    assert values(points, "workload", "clients", "path") == ["a.csv", "b.csv"]


CHOICES: dict[str, list[Any]] = {
    "fork.kind": ["classic", "huge", "on_demand"],
    "machine.cores": [1, 2, 3, 4],
    "seed": [1, 2, 3],
    "workload.dataset": ["1GiB", "2GiB"],
    "workload.weight": [0.5, 1.5],
}


@st.composite
def sweeps(draw: st.DrawFn) -> tuple[list[dict[str, object]], list[list[dict[str, object]]]]:
    """A sweep and, written down by other means, the rows of each of its axes."""
    fields = draw(st.permutations(list(CHOICES)))
    blocks: list[dict[str, object]] = []
    axes: list[list[dict[str, object]]] = []
    while fields and (not blocks or draw(st.booleans())):
        kind = draw(st.sampled_from(["grid", "zip", "list"]))
        taken = {
            name: draw(st.lists(st.sampled_from(CHOICES[name]), min_size=1, unique=True))
            for name in (fields.pop() for _ in range(draw(st.integers(1, len(fields)))))
        }
        if kind == "grid":
            axes += [[{name: value} for value in given] for name, given in taken.items()]
            blocks.append({"grid": taken})
            continue
        size = min(map(len, taken.values()))
        rows = [{name: given[row] for name, given in taken.items()} for row in range(size)]
        axes.append(rows)
        blocks.append(
            {"list": rows}
            if kind == "list"
            else {"zip": {name: given[:size] for name, given in taken.items()}}
        )
    return blocks, axes


@pytest.mark.histories
@settings(deadline=None, max_examples=60)
@given(sweeps())
def test_any_combination_of_blocks_is_their_product(
    sweep: tuple[list[dict[str, object]], list[list[dict[str, object]]]],
) -> None:
    blocks, axes = sweep
    document = parse(EXAMPLE, Position("a.yaml"))
    document.data = {**document.data, "sweep": blocks}
    points = plan(document, Path(), catalogue()).points
    assert len(points) == prod(map(len, axes))
    assert len({point.id for point in points}) == len(points)
    expected: list[dict[str, str]] = [{}]
    for rows in axes:
        expected = [
            {**before, **{name: str(value) for name, value in row.items()}}
            for before in expected
            for row in rows
        ]
    assert [point.swept for point in points] == expected
