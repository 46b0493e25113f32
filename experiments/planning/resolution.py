"""An experiment as a point has it: defaults filled in, units gone, what it names found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, TypeAlias

from experiments.language.document import Document, Route, dotted
from experiments.language.errors import InputError
from experiments.language.schema import Experiment
from experiments.language.validation import validate
from experiments.planning.named_files import FoundTrace, NamedFiles
from experiments.planning.piecewise_validation import Branch, separable
from experiments.planning.room import ASKED_BY, check_room
from experiments.sweeps.sweep import Sweep
from experiments.sweeps.variation import Combination, CombinationRows
from models.costs.profile import Profile
from models.schemes.registry import SCHEMES
from results.records.record import canonical_json, rest_of_id, spelled_id
from workloads.registry import WORKLOADS, programs_of
from workloads.running.simulated_time import LONGEST_NS
from workloads.traces.registry import Reading

_TRACE = b'"kind":"trace"'

_DAY_NS = 86400 * 10**9

_ALIKE = ("name", "slo")
"""Sections that no point has, and no sweep changes."""
_OF_THE_EXPERIMENT = (*_ALIKE, "sweep")
"""Sections that no point has."""


class ConfigSource(Protocol):
    """Where a point's configuration comes from when somebody asks for it."""

    def section(self, name: str) -> Any:
        """One section of `config`."""

    def config(self) -> Mapping[str, Any]:
        """As plain JSON data, defaults filled in."""


class WholeSource(NamedTuple):
    """A `ConfigSource` that has everything at hand."""

    whole: Mapping[str, Any]

    def section(self, name: str) -> Any:
        """See `Source.section`."""
        return self.whole[name]

    def config(self) -> Mapping[str, Any]:
        """See `Source.config`."""
        return self.whole


class _CombinedSource(NamedTuple):
    """A `ConfigSource` that puts a combination of a sweep together from its pieces."""

    pieces: Branch
    combination: Combination

    def section(self, name: str) -> Any:
        return self.pieces.pieces[name].config(self.combination)

    def config(self) -> Mapping[str, Any]:
        config: Mapping[str, Any] = self.pieces.config(self.combination)
        return config


FoundTraces: TypeAlias = Sequence[tuple[Route, FoundTrace]]
"""The way to what names each trace in a configuration, and the trace."""


@dataclass(frozen=True, slots=True)
class NamedContent:
    """What was found by a profile's name and those of some traces; shared by the points that do.

    Attributes:
        profile: the machine's.
        digests: SHA-256 of the profile and of every trace, by their dotted path.
        traces: by their way in the configuration.
        rest_of_id: see `results.records.record.rest_of_id`.
    """

    profile: Profile
    digests: Mapping[str, str]
    traces: FoundTraces
    rest_of_id: bytes

    @property
    def notes(self) -> Iterator[str]:
        """What of the traces is not used, or assumed."""
        for _, found in self.traces:
            yield from (f"{found.file}: {note}" for note in found.notes)


class ResolvedPoint(NamedTuple):
    """An experiment without a sweep, resolved.

    Attributes:
        id: of its point.
        source: of its configuration.
        named: what it names.
    """

    id: str
    source: ConfigSource
    named: NamedContent


class Resolver:
    """Resolves the combinations of a sweep, each as if it were an experiment of its own.

    Points share what they have in common: see `experiments.planning.piecewise_validation`.
    """

    def __init__(
        self, model: type[Experiment], sweep: Sweep, inputs: NamedFiles, version: str
    ) -> None:
        """Prepare to resolve combinations of ``sweep``.

        Args:
            model: what an experiment is.
            sweep: with the experiment that it varies.
            inputs: what the experiment names.
            version: of the model of forks, see `results.records.record.record_id`.
        """
        self._model = model
        self._sweep = sweep
        self._inputs = inputs
        self._version = version
        base, axes = sweep.base.data, sweep.axes
        self._pieces: Branch | None = None
        self._fitting: set[CombinationRows] = set()
        if separable(model):
            self._pieces = Branch(model, base, axes, but=_OF_THE_EXPERIMENT)
            pieces = [self._pieces.pieces[name] for name in (*ASKED_BY, "fork")]
            asked = sorted({axis for piece in pieces for axis in piece.varied.axes})
            self._asked: Callable[[Combination], CombinationRows] = (
                itemgetter(*asked) if asked else lambda _: ()
            )
            others = model.model_fields.keys() - set(_ALIKE)
            alike = {key: value for key, value in base.items() if key in _ALIKE}
            self._alike: Branch | None = Branch(model, alike, axes, but=others)
        self._named: dict[tuple[str, tuple[_TraceName, ...]], NamedContent] = {}

    def of(self, combinations: Sequence[Combination]) -> list[ResolvedPoint]:
        """The points of some rows of the sweep, one of each axis; many at once are faster.

        Raises:
            InputError: one is wrong, or what it names is; the first that is.
        """
        if self._pieces is None:
            return [self.of_document(self._sweep.document(one)) for one in combinations]
        try:
            if self._alike is not None:
                self._alike.of(combinations[:1])
                self._alike = None
            spelled = self._pieces.of(combinations).spelled
            combined = partial(self._combined, self._pieces)
            return list(map(combined, combinations, spelled))
        except (ValueError, AssertionError):
            if len(combinations) == 1:
                # Once more as a whole, to say where in the file.
                return [self.of_document(self._sweep.document(combinations[0]))]
        return [point for one in combinations for point in self.of([one])]

    def _combined(self, pieces: Branch, combination: Combination, spelled: bytes) -> ResolvedPoint:
        source = _CombinedSource(pieces, combination)
        asked = self._asked(combination)
        if asked not in self._fitting:
            _check_lent_memory(source, self._sweep.base)
            check_room(source, self._sweep.base)
            self._fitting.add(asked)
        return self._found(spelled, source, self._sweep.base)

    def of_document(self, document: Document) -> ResolvedPoint:
        """The point of a document without a sweep, validated as a whole.

        Raises:
            InputError: it is wrong, or what it names is.
        """
        experiment = validate(self._model, document)
        config = experiment.model_dump(
            mode="json", exclude=set(_OF_THE_EXPERIMENT), serialize_as_any=True
        )
        source = WholeSource(config)
        _check_lent_memory(source, document)
        check_room(source, document)
        return self._found(canonical_json(config), source, document)

    def _found(self, spelled: bytes, source: ConfigSource, document: Document) -> ResolvedPoint:
        """The point of a configuration, once what it names is found.

        Raises:
            InputError: something is not there or not what it should be; at its place in
                ``document``.
        """
        # A look at the whole is faster than one at each value.
        traces = tuple(_traces(source.section("workload"))) if _TRACE in spelled else ()
        key = (source.section("machine")["profile"], traces)
        named = self._named.get(key)
        if named is None:
            named = self._named[key] = self._look_up(*key, document)
        if named.traces:
            _check_lengths(source, named.traces, document)
        return ResolvedPoint(spelled_id(spelled, named.rest_of_id), source, named)

    def _look_up(
        self, profile: str, traces: Sequence[_TraceName], document: Document
    ) -> NamedContent:
        route: Route = ("machine", "profile")
        machine = self._inputs.profile(profile, document, route)
        digests = {dotted(route): machine.digest}
        found_traces = []
        for route, name, wanted, reading in traces:
            found = self._inputs.trace(name, wanted, reading, document, route)
            digests[dotted(route)] = found.digest
            found_traces.append((route[:-1], found))
        return NamedContent(machine, digests, found_traces, rest_of_id(digests, self._version))


class _TraceName(NamedTuple):
    """Where a trace is named, its name, what kind of trace it has to be, and how it is read."""

    route: Route
    name: str
    wanted: type
    reading: Reading


def _check_lent_memory(source: ConfigSource, document: Document) -> None:
    """Whether children that borrow their parent's memory leave it alone.

    Raises:
        InputError: they work on in it.
    """
    kind = source.section("fork")["kind"]
    if kind not in SCHEMES or SCHEMES[kind].isolates:
        return
    for way, program in programs_of(source.section("workload")):
        if not WORKLOADS[program["kind"]].children_exit_at_once(program):
            whose = f"the children of {dotted(('workload', *way))} ({program['kind']})"
            raise InputError.at(
                document.position(("fork", "kind")),
                f"fork.kind: {kind!r} lends children their parent's memory, and {whose} do not "
                "exit or exec at once, before they and their parents do anything else: expected "
                "another fork, or such children (microbench's fork_loop, a script)",
            )


def _check_lengths(source: ConfigSource, traces: FoundTraces, document: Document) -> None:
    """Whether what traces say takes no longer than a record's times go.

    Raises:
        InputError: one does, and nothing ends it before; at its name.
    """
    spans = {way: found.span for way, found in traces}
    for above, program in programs_of(source.section("workload")):
        for way, config in _trace_files(program, above):
            route: Route = ("workload", *way, "path")
            span = spans[route[:-1]]
            length_ns = span.length_ns / config.get("speed", 1) * program.get("rounds", 1)
            if length_ns > LONGEST_NS and (program.get("duration") or LONGEST_NS) >= LONGEST_NS:
                raise InputError.at(
                    document.position(route),
                    f"{dotted(route)}: {config['path']} takes {length_ns / _DAY_NS:.4g} days"
                    f"{span.gap and f' ({span.gap})'}: expected at most {LONGEST_NS // _DAY_NS}, "
                    "as by a higher speed or a duration",
                )


def _traces(workload: Mapping[str, Any]) -> Iterator[_TraceName]:
    for above, program in programs_of(workload):
        wanted = WORKLOADS[program["kind"]].trace
        for way, config in _trace_files(program, above):
            route = ("workload", *way, "path")
            yield _TraceName(route, config["path"], wanted, Reading.of(config))


def _trace_files(
    config: Mapping[str, Any], above: Route
) -> Iterator[tuple[Route, Mapping[str, Any]]]:
    """Where traces are named: every program says so by ``{kind: trace, path: FILE}``."""
    if config.get("kind") == "trace":
        yield above, config
        return
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _trace_files(value, (*above, key))
