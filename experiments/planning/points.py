"""From an experiment's document to the points to simulate."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from experiments.language.catalogue import Catalogue
from experiments.language.document import Document, dotted, put, route_of
from experiments.language.errors import InputError
from experiments.language.schema import experiment_model
from experiments.language.validation import check_present, sizes_among, takes_whole_numbers
from experiments.planning.machine_defaults import with_machine_defaults
from experiments.planning.model_version import model_version
from experiments.planning.named_files import NamedFiles
from experiments.planning.resolution import ConfigSource, NamedContent, Resolver, WholeSource
from experiments.sweeps.blocks import SWEPT, Axis
from experiments.sweeps.replaced import replaced_part
from experiments.sweeps.sweep import Sweep, without_sweep
from experiments.sweeps.variation import NOWHERE
from models.costs.kernels import has_newer_rules
from models.costs.profile import Profile
from models.kernel.scheduling import TUNED_BY, scheduler_of
from results.records.span_file import Watched
from sim.configuration import read_back
from sim.units import is_ambiguous_size, is_plain_size, parse_bytes
from workloads.registry import WORKLOADS, programs_of
from workloads.running.setup import Setup

BATCH = 5_000
"""Points that are resolved together: more take more memory and no less time."""


@dataclass(frozen=True)
class Point:
    """One resolved configuration, ready to be simulated in this process or another.

    Attributes:
        id: of the point's record.
        name: of the experiment.
        source: of the configuration, which is put together whenever somebody asks for it: a
            hundred thousand are too many to keep.
        shapes: models of the workloads' configurations, by kind.
        named: what was found by the names in it.
        model: version of the model that the point is for.
        swept: the values that tell this point from its siblings, as text by dotted path.
        watched: of which stretch of simulated time spans are wanted, if of any; results, and so
            the id, do not depend on it.
    """

    id: str
    name: str
    source: ConfigSource
    shapes: Mapping[str, type[BaseModel]]
    named: NamedContent
    model: str
    swept: Mapping[str, str]
    watched: Watched | None = None

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration as plain JSON data, defaults filled in; what the record keeps."""
        return self.source.config()

    @property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of every trace and of the profile, by their dotted path."""
        return self.named.digests

    @property
    def shape(self) -> type[BaseModel]:
        """The model of the workload's configuration."""
        return self.shapes[self.source.section("workload")["kind"]]

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: nothing of its siblings."""
        kind = self.source.section("workload")["kind"]
        alone = {"source": WholeSource(self.config), "shapes": {kind: self.shape}}
        return {**self.__dict__, **alone}

    @cached_property
    def workload(self) -> BaseModel:
        """The workload's configuration as its own model, traces named as they were found."""
        workload = self.source.section("workload")
        for (_, *route), found in self.named.traces:
            naming: Any = workload
            for step in route:
                naming = naming[step]
            workload = put(workload, tuple(route), found.named(naming), NOWHERE)
        return read_back(self.shape, workload)

    @cached_property
    def profile(self) -> Profile:
        """The machine's costs, the experiment's own constants in place."""
        machine = self.config["machine"]
        return self.named.profile.varied(machine["constants"], machine["scale"])

    def at(self, path: str) -> Any:
        """The configuration's value at a dotted path such as ``fork.kind``; None if it has none."""
        section, *below = route_of(path)
        if section not in SWEPT:
            return None
        value: Any = self.source.section(str(section))
        for step in below:
            if isinstance(value, dict) and str(step) in value:
                value = value[str(step)]
            elif isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def prepare(self) -> None:
        """Read the configuration; what does that ends the process where memory is wanting."""
        _ = self.workload, self._setup

    @property
    def remarks(self) -> Iterator[str]:
        """What is asked for that will not happen, or that does not fit together."""
        machine = self.source.section("machine")
        scheduler = machine["scheduler"] or scheduler_of(self.named.profile.kernel)
        others = set().union(*TUNED_BY.values()) - TUNED_BY[scheduler]
        for group in ("constants", "scale"):
            for name in sorted(others & set(machine[group])):
                yield f"machine.{group}.{name}: without effect, the scheduler is {scheduler}"
        kernel, kind = self.named.profile.kernel, self.source.section("fork")["kind"]
        if kind in _OLDER_RULES and has_newer_rules(kernel):
            yield (
                f"fork.kind: {kind} has the rules of Linux 5.6 and profile "
                f"{self.named.profile.name} is of {kernel}, whose own fork is classic6"
            )
        programs = list(programs_of(self.source.section("workload")))
        for way, program in programs:
            for remark in WORKLOADS[program["kind"]].remarks(program):
                yield f"{dotted(('workload', *way))}: {remark}"
        cores = machine["cores"]
        most = sum(WORKLOADS[program["kind"]].most_at_once(program) for _, program in programs)
        if most > cores:
            there = "is 1 core" if cores == 1 else f"are {cores} cores"
            yield (
                f"machine.cores: {most} processes and threads may want one at once, and there "
                f"{there}: they wait for one another"
            )

    def setup(self, repetition: int) -> Setup:
        """What a repetition of the workload runs on."""
        return replace(self._setup, repetition=repetition)

    @cached_property
    def _setup(self) -> Setup:
        config = self.config
        return Setup.of(
            config["fork"],
            profile=self.profile,
            cores=config["machine"]["cores"],
            memory_bytes=config["machine"].get("memory"),
            scheduler=config["machine"]["scheduler"],
            seed=config["seed"],
        )

    @property
    def label(self) -> str:
        """The swept values in one line; of an experiment without a sweep, its fork."""
        named = self.swept or {"fork.kind": self.config["fork"]["kind"]}
        return " ".join(f"{path}={value}" for path, value in named.items())


@dataclass(frozen=True)
class Plan:
    """A whole experiment, valid and ready to run.

    Attributes:
        name: of the experiment.
        points: in the order of the sweep.
        document: the input with every ``--set`` applied, and what the profile says of the machine.
        model: of the input.
        assumed: what the profile was asked for.
    """

    name: str
    points: tuple[Point, ...]
    document: Document
    model: type[BaseModel]
    assumed: Sequence[str] = ()

    @property
    def remarks(self) -> Iterator[str]:
        """What was assumed without being asked for, ambiguous sizes, and what traces do not use."""
        yield from self.assumed
        yield from self._sizes_as_read()
        yield from dict.fromkeys(remark for point in self.points for remark in point.remarks)
        profiles = {point.profile.digest: point.profile for point in self.points}
        for profile in profiles.values():
            yield from (f"profile {profile.name}: {text}" for text in profile.assumptions)
        yield from dict.fromkeys(note for point in self.points for note in point.named.notes)

    def _sizes_as_read(self) -> Iterator[str]:
        """What ``16G``, ``6.1GiB`` and the like were read as, wherever they are sizes."""
        swept = dict.fromkeys(field for point in self.points for field in point.swept.items())
        replaced = {path for path, _ in swept}
        written = [
            (path, text)
            for route, text in self.document.leaves()
            if route[0] != "sweep" and (path := dotted(route)) not in replaced
        ]
        fields = [field for field in (*written, *swept) if _is_unplain_size(field[1])]
        if not fields:
            return
        routes = {path: route_of(path) for path in {path for path, _ in fields}}
        sizes = sizes_among(self.model, routes.values())
        for path, text in fields:
            if routes[path] in sizes:
                others = "; to others it is another size" if is_ambiguous_size(text) else ""
                yield f"{path}: {text} is read as {parse_bytes(text):,} bytes{others}"


def plan(document: Document, folder: Path, catalogue: Catalogue, *, any_size: bool = False) -> Plan:
    """Validate an experiment and everything it names.

    Args:
        document: the experiment.
        folder: what relative file names in it start from.
        catalogue: what it may name.
        any_size: allow a sweep of more than `experiments.sweeps.sweep.MOST_UNASKED` combinations.

    Raises:
        InputError: anything in the document, a profile or a trace is wrong.
    """
    model = experiment_model(catalogue)
    version = model_version()
    files = NamedFiles(folder, catalogue.profiles)
    document, assumed = with_machine_defaults(document, files)
    try:
        with _no_search_for_cycles():
            sweep = Sweep(document, partial(takes_whole_numbers, model), any_size=any_size)
            _check_replaced(model, sweep)
            resolution = Resolver(model, sweep, files, version)
            points = tuple(_points(document, sweep, resolution, catalogue, version))
    except InputError:
        # What is wrong whatever the sweep does comes first.
        check_present(model, without_sweep(document))
        raise
    return Plan(document.data["name"], points, document, model, assumed)


def _check_replaced(model: type[BaseModel], sweep: Sweep) -> None:
    """A value that every point replaces must be right all the same.

    Nothing else is looked at here, since points look at the rest.

    Raises:
        InputError: one is wrong.
    """
    fields = {field for axis in sweep.axes for field in axis.fields}
    replaced = replaced_part(sweep.base, sorted(fields, key=dotted))
    try:
        check_present(model, replaced)
    except InputError:
        check_present(model, sweep.base)


def _points(
    document: Document, sweep: Sweep, resolution: Resolver, catalogue: Catalogue, version: str
) -> Iterator[Point]:
    shapes = {kind: workload.Config for kind, workload in catalogue.workloads.items()}
    merged = _merging([_labels(axis) for axis in sweep.axes])
    combinations = sweep.combinations()
    while batch := tuple(islice(combinations, BATCH)):
        for combination, found in zip(batch, resolution.of(batch), strict=True):
            swept = merged(combination)
            yield Point(
                found.id,
                document.data["name"],
                found.source,
                shapes,
                found.named,
                version,
                swept,
            )


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Many objects and no cycles: looking for some among a sweep's points takes a third longer."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.freeze()
            gc.enable()
            gc.unfreeze()  # as old objects, which are not searched at the very next opportunity


def _merging(
    labels: Sequence[Sequence[Mapping[str, str]]],
) -> Callable[[tuple[int, ...]], Mapping[str, str]]:
    """From a combination to the labels that its rows have, of which those of one axis are there."""
    if len(labels) == 1:
        return lambda combination: labels[0][combination[0]]

    def merged(combination: tuple[int, ...]) -> Mapping[str, str]:
        all_labels: dict[str, str] = {}
        for axis, row in zip(labels, combination, strict=True):
            all_labels |= axis[row]
        return all_labels

    return merged


def _labels(axis: Axis) -> list[dict[str, str]]:
    """Per row, its values as text by dotted path."""
    names = {field: dotted(field) for field in axis.fields}
    return [{names[given.field]: _text(given.data) for given in row} for row in axis.rows]


def _is_unplain_size(text: str) -> bool:
    """Whether it would be a size, were it the value of one, that has to be told."""
    try:
        return not is_plain_size(text)
    except ValueError:
        return False


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    # As JSON, of which whole numbers are the most frequent and spelled faster so.
    return str(value) if type(value) is int else _JSON.encode(value)


_OLDER_RULES = ("classic", "huge")
"""Forks of kernels before 5.8."""
_JSON = json.JSONEncoder(sort_keys=True)
