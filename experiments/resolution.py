"""An experiment as a point has it: defaults filled in, units gone, what it names found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from experiments.document import Data, Document, Route, dotted, put
from experiments.errors import InputError
from experiments.inputs import Inputs
from experiments.pieces import ABSENT, Branch, Varied, separable
from experiments.schema import Experiment
from experiments.sweep import Sweep
from experiments.validation import validate
from models.profile import Profile
from results.record import canonical_json, spelled_id
from workloads.registry import programs_of, wanted_trace

_TRACE = b'"kind":"trace"'

_OF_THE_EXPERIMENT = ("name", "sweep")
"""Sections that no point has."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """An experiment without a sweep, resolved.

    Attributes:
        id: of its point.
        config: as plain JSON data, defaults filled in.
        opened: its workload as written, names of traces made into files that can be opened from
            here.
        profile: the machine's, as it is in its file.
        digests: SHA-256 of the profile and of every trace, by their dotted path.
    """

    id: str
    config: Mapping[str, Any]
    opened: Data
    profile: Profile
    digests: Mapping[str, str]


class Resolution:
    """Resolves the combinations of a sweep, each as if it were an experiment of its own.

    Points share what they have in common: see `experiments.pieces`.
    """

    def __init__(self, model: type[Experiment], sweep: Sweep, inputs: Inputs, version: str) -> None:
        """Prepare to resolve combinations of ``sweep``.

        Args:
            model: what an experiment is.
            sweep: with the experiment that it varies.
            inputs: what the experiment names.
            version: of the model of forks, see `results.record.record_id`.
        """
        self._model = model
        self._sweep = sweep
        self._inputs = inputs
        self._version = version
        base, axes = sweep.base.data, sweep.axes
        self._workload = Varied(("workload",), base.get("workload", ABSENT), axes)
        self._pieces = (
            Branch(model, base, axes, but=_OF_THE_EXPERIMENT) if separable(model) else None
        )
        self._spelled: dict[tuple[tuple[str, str], ...], bytes] = {}

    def of(self, combination: Sequence[int]) -> Resolved:
        """The point of some rows of the sweep, one of each axis.

        Raises:
            InputError: it is wrong, or what it names is.
        """
        if self._pieces is None:
            return self.of_document(self._sweep.document(combination))
        try:
            piece = self._pieces.of(combination)
            written = self._workload.data(self._workload.rows(combination))
            return self._found(piece.config, piece.spelled, written, self._sweep.base)
        except (ValidationError, InputError):
            # Once more as a whole, to say where in the file.
            return self.of_document(self._sweep.document(combination))

    def of_document(self, document: Document) -> Resolved:
        """The point of a document without a sweep, validated as a whole.

        Raises:
            InputError: it is wrong, or what it names is.
        """
        experiment = validate(self._model, document)
        config = experiment.model_dump(
            mode="json", exclude=set(_OF_THE_EXPERIMENT), serialize_as_any=True
        )
        return self._found(config, canonical_json(config), document.data["workload"], document)

    def _found(
        self, config: dict[str, Any], spelled: bytes, opened: Data, document: Document
    ) -> Resolved:
        """With everything that the configuration names.

        Raises:
            InputError: something is not there or not what it should be; at its place in
                ``document``.
        """
        route: Route = ("machine", "profile")
        profile = self._inputs.profile(config["machine"]["profile"], document, route)
        digests = {dotted(route): profile.digest}
        named = _TRACE in spelled  # a look at the whole is faster than one at each value
        for above, program in programs_of(config["workload"]) if named else ():
            for way, name in _traces(program, above):
                wanted = wanted_trace(program["kind"])
                whole = ("workload", *way)
                file, digests[dotted(whole)] = self._inputs.trace(name, wanted, document, whole)
                opened = put(opened, way, file, document.position(whole))
        key = tuple(digests.items())
        if key not in self._spelled:
            self._spelled[key] = canonical_json(digests)
        id_ = spelled_id(spelled, self._spelled[key], self._version)
        return Resolved(id_, config, opened, profile, digests)


def _traces(config: Mapping[str, Any], above: Route) -> Iterator[tuple[Route, str]]:
    """Where traces are named: every program says so by ``{kind: trace, path: FILE}``."""
    if config.get("kind") == "trace":
        yield (*above, "path"), config["path"]
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _traces(value, (*above, key))
