"""From an experiment's document to the points to simulate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from experiments.catalogue import Catalogue
from experiments.document import Document, Route, dotted
from experiments.inputs import Inputs
from experiments.model_version import model_version
from experiments.schema import Experiment, experiment_model
from experiments.sweep import Variant, variants, without_sweep
from experiments.validation import check_present, validate
from models.profile import Profile
from results.record import record_id
from workloads.registry import programs_of, wanted_trace


@dataclass(frozen=True)
class Point:
    """One resolved configuration, ready to be simulated in this process or another.

    Attributes:
        name: of the experiment.
        config: the configuration as plain JSON data, defaults filled in; what the record keeps.
        workload: the same workload's configuration as its own model, names of traces made into
            files that can be opened from here.
        profile: the machine's costs.
        digests: SHA-256 of every trace and of the profile, by their dotted path.
        model: version of the model that the point is for.
        swept: the values that tell this point from its siblings, as text by dotted path.
    """

    name: str
    config: Mapping[str, Any]
    workload: BaseModel
    profile: Profile
    digests: Mapping[str, str]
    model: str
    swept: Mapping[str, str]

    @cached_property
    def id(self) -> str:
        """The id of the point's record."""
        return record_id(self.config, self.digests, self.model)

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
        document: the input with every ``--set`` applied.
    """

    name: str
    points: tuple[Point, ...]
    document: Document


def plan(document: Document, folder: Path, catalogue: Catalogue) -> Plan:
    """Validate an experiment and everything it names.

    Args:
        document: the experiment.
        folder: what relative file names in it start from.
        catalogue: what it may name.

    Raises:
        InputError: anything in the document, a profile or a trace is wrong.
    """
    model = experiment_model(catalogue)
    inputs = Inputs(folder, catalogue.profiles)
    # A value that every point replaces must be right all the same; a missing one need not be there.
    check_present(model, without_sweep(document))
    name = ""
    points = []
    for variant in variants(document):
        experiment = validate(model, variant.document)
        name = experiment.name
        points.append(_point(experiment, variant, inputs))
    return Plan(name, tuple(points), document)


def _point(experiment: Experiment, variant: Variant, inputs: Inputs) -> Point:
    document = variant.document
    config = experiment.model_dump(mode="json", exclude={"name", "sweep"}, serialize_as_any=True)
    route: Route = ("machine", "profile")
    profile = inputs.profile(experiment.machine.profile, document, route)
    digests = {dotted(route): profile.digest}
    opened = document.copy()
    for above, program in programs_of(config["workload"]):
        wanted = wanted_trace(program["kind"])
        for route, name in _traces(program, ("workload", *above)):
            file, digests[dotted(route)] = inputs.trace(name, wanted, document, route)
            opened.assign(route, Document(file), document.position(route))
    return Point(
        name=experiment.name,
        config=config,
        workload=validate(type(experiment), opened).workload,
        profile=profile.varied(
            experiment.machine.constants.model_dump(), experiment.machine.scale.model_dump()
        ),
        digests=digests,
        model=model_version(),
        swept={path: _text(value) for path, value in variant.values.items()},
    )


def _traces(config: Mapping[str, Any], above: Route) -> Iterator[tuple[Route, str]]:
    """Where traces are named: every program says so by ``{kind: trace, path: FILE}``."""
    if config.get("kind") == "trace":
        yield (*above, "path"), config["path"]
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _traces(value, (*above, key))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
