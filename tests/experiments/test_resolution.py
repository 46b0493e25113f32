"""Points resolved piece by piece are those of every experiment validated as a whole."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fake_program import EXAMPLE, catalogue
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.language.catalogue import EXAMPLES
from experiments.language.catalogue import catalogue as real_catalogue
from experiments.language.document import Document, load, parse, put, route_of
from experiments.language.errors import InputError, Position
from experiments.language.schema import experiment_model
from experiments.language.validation import check_present, takes_whole_numbers
from experiments.planning.named_files import NamedFiles
from experiments.planning.piecewise_validation import separable
from experiments.planning.points import plan
from experiments.planning.resolution import Resolver
from experiments.sweeps.sweep import Sweep
from results.records.record import record_id
from sim.configuration import read_back

PAPER = EXAMPLES.parent / "paper"
FILES = sorted([*EXAMPLES.glob("*.yaml"), *PAPER.glob("*.yaml")])

VALUES: dict[str, list[Any]] = {
    "fork.kind": ["classic", "huge", "no such"],
    "fork": [{"kind": "huge"}, {}],
    "seed": [1, -1, "1"],
    "machine.cores": [1, 2.0, 0],
    "machine.scale.page_free_ns": [0.8, 1],
    "machine.scale": [{}, {"page_free_ns": 2}, {"no_such_ns": 1}],
    "workload.kind": ["fake", "other"],
    "workload.dataset": ["1GiB", 4096, "1GB/s"],
    "workload.duration": ["1s", 0, 5],
    "workload.clients": [{"kind": "open", "rate": "1k/s"}, {"kind": "closed", "connections": 2}],
    "workload.clients.connections": [1, 7],
    "workload.clients.rate": ["5/s"],
    "workload.snapshot": [None, {"at": ["1s", "2s"]}],
    "workload.snapshot.at": [[], ["3s"]],
    "workload.sizes": [[1, 2], {"first": 2, "last": 4}, {"first": 2, "last": 1}],
    "workload.sizes.last": [3, "1GiB"],
    "workload.no_such": [1],
    "workload.set_ratio": ["1/11", 0.5],
}


def outcome(document: Document) -> str:
    """The ids of an experiment's points, or why there are none."""
    try:
        return " ".join(point.id for point in plan(document, Path(), catalogue()).points)
    except InputError as error:
        return str(error)


def outcome_one_by_one(document: Document) -> str:
    """The same, each point an experiment without a sweep, and what they replace looked at too."""
    model = experiment_model(catalogue())
    sweep = Sweep(document, partial(takes_whole_numbers, model))
    inputs = NamedFiles(Path(), catalogue().profiles)
    version = plan(parse(EXAMPLE, Position("")), Path(), catalogue()).points[0].model
    resolution = Resolver(model, sweep, inputs, version)
    try:
        check_present(model, sweep.base)
        found = [resolution.of_document(sweep.document(rows)) for rows in sweep.combinations()]
    except InputError as error:
        return str(error)
    assert all(
        one.id == record_id(one.source.config(), one.named.digests, version) for one in found
    )
    return " ".join(one.id for one in found)


rows = st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: st.sampled_from(VALUES[name]) for name in names})
)
lists = st.lists(rows, min_size=1, max_size=4, unique_by=json.dumps)


@pytest.mark.histories
@settings(deadline=None, max_examples=40)
@given(st.lists(lists, min_size=1, max_size=3))
def test_any_sweep_gives_the_points_or_the_error_of_whole_experiments(
    sweep: list[list[dict[str, object]]],
) -> None:
    compare(swept(sweep))


@pytest.mark.histories
@settings(deadline=None, max_examples=60)
@given(rows, st.lists(lists, min_size=1, max_size=2))
def test_what_is_wrong_in_the_file_is_found_whatever_a_sweep_puts_over_it(
    base: dict[str, object], sweep: list[list[dict[str, object]]]
) -> None:
    document = swept(sweep)
    for path, value in base.items():
        at = Position("base")
        try:
            document.assign(route_of(path), Document(value, {(): at}), at)
        except InputError:
            return  # a path leads nowhere
    compare(document)


def swept(sweep: list[list[dict[str, object]]]) -> Document:
    text = EXAMPLE.partition("sweep:")[0] + "repetitions: 2\n"
    blocks = json.dumps([{"list": rows} for rows in sweep])
    return parse(f"{text}sweep: {blocks}\n", Position("a"))


def compare(document: Document) -> None:
    try:
        Sweep(document, lambda _: False)
    except InputError:
        return  # a field is swept twice
    assert outcome(document) == outcome_one_by_one(document)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bundled_points_are_those_of_whole_experiments(file: Path) -> None:
    document = load(file)
    known = real_catalogue()
    points = plan(document, file.parent, known).points
    model = experiment_model(known)
    sweep = Sweep(document, partial(takes_whole_numbers, model))
    resolution = Resolver(model, sweep, NamedFiles(file.parent, known.profiles), points[0].model)
    for point, combination in list(zip(points, sweep.combinations(), strict=True))[:40]:
        whole = resolution.of_document(sweep.document(combination))
        assert (point.id, point.config) == (whole.id, whole.source.config())
        assert (point.named.traces, point.digests) == (whole.named.traces, whole.named.digests)
        written = sweep.document(combination).data["workload"]
        for (_, *route), found in point.named.traces:
            for key, value in found.named(dict.fromkeys(("path", "format", "sha256"))).items():
                written = put(written, (*route, key), value, Position(""))
        assert point.workload == point.shape.model_validate_json(json.dumps(written))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_configuration_in_a_record_can_be_read_back(file: Path) -> None:
    known = real_catalogue()
    model = experiment_model(known)
    for point in plan(load(file), file.parent, known).points[:40]:
        config = {**point.config, "name": point.name}
        again = read_back(model, config)
        dumped = again.model_dump(mode="json", exclude={"slo", "sweep"}, serialize_as_any=True)
        assert dumped == config


def test_programs_are_taken_to_pieces() -> None:
    assert separable(experiment_model(real_catalogue()))
    assert all(separable(workload.Config) for workload in real_catalogue().workloads.values())


@pytest.mark.full
def test_a_hundred_thousand_points_are_planned() -> None:
    sweep = [
        {"grid": {"workload.dataset": [f"{size}MiB" for size in range(1, 201)]}},
        {"grid": {"seed": list(range(250)), "fork.kind": ["classic", "on_demand"]}},
    ]
    document = parse(EXAMPLE, Position("a"))
    document.data = {**document.data, "sweep": sweep}
    points = plan(document, Path(), catalogue()).points
    assert len({point.id for point in points}) == len(points) == 100_000
