"""What an experiment names but does not hold: machine profiles and traces, each read once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.language.document import Document, Route, dotted
from experiments.language.errors import InputError, suggestion
from models.costs.profile import Profile, load_profile
from workloads.traces.kinds.facts import gap_notes
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import Reading, open_with_format


class TraceSpan(NamedTuple):
    """How long a trace is.

    Attributes:
        length_ns: from its begin to its last record.
        gap: the sentence that most of it is one gap, if it is.
    """

    length_ns: int
    gap: str


class FoundTrace(NamedTuple):
    """A trace that was read whole.

    Attributes:
        file: as it can be opened from here.
        format: the name of its format.
        digest: SHA-256 of the file.
        span: the time that its records cover.
        notes: see `workloads.traces.kinds.trace.Trace`.
    """

    file: str
    format: str
    digest: str
    span: TraceSpan
    notes: Sequence[str]

    def named(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What names a trace in a configuration, so that just this one is read, and as it was.

        Programs of one's own may know a path and nothing else.
        """
        found = {"path": self.file, "format": self.format, "sha256": self.digest}
        return {**config, **{key: value for key, value in found.items() if key in config}}


class NamedFiles:
    """Loads profiles and checks traces on behalf of the points of one experiment."""

    def __init__(self, folder: Path, profiles: Collection[str]) -> None:
        """Relative names start from ``folder``; ``profiles`` are known by name."""
        self._folder = folder
        self._known = profiles
        self._profiles: dict[str, Profile] = {}
        self._traces: dict[tuple[Path, Reading], FoundTrace] = {}

    def profile(self, name: str, document: Document, route: Route) -> Profile:
        """The machine profile of a known name or in a YAML file.

        Raises:
            InputError: at ``route`` of the document; no such profile, or a wrong one.
        """
        if name not in self._profiles:
            is_file = name.endswith((".yaml", ".yml"))
            if not is_file and name not in self._known:
                text = f"{dotted(route)}: {name!r}{suggestion(name, self._known)}"
                raise InputError.at(document.position(route), text)
            try:
                self._profiles[name] = load_profile(self._folder / name if is_file else name)
            except (OSError, ValueError) as error:
                text = f"{dotted(route)}: {error}"
                raise InputError.at(document.position(route), text) from None
        return self._profiles[name]

    def trace(
        self, name: str, kind: type[Trace], reading: Reading, document: Document, route: Route
    ) -> FoundTrace:
        """The trace behind a name.

        Raises:
            InputError: at ``route`` of the document; no such file, or not a trace of that kind.
        """
        file = self._folder / name
        if (file, reading) not in self._traces:
            try:
                trace, format_name = open_with_format(kind, file, reading)
            except TraceError as error:
                text = f"{dotted(route)}: {error}"
                raise InputError.at(document.position(route), text) from None
            gaps = gap_notes(trace.time_ns) if hasattr(trace, "time_ns") else ()
            self._traces[file, reading] = FoundTrace(
                file=str(file),
                format=format_name,
                digest=trace.accounting.sha256,
                span=TraceSpan(trace.duration_ns, "".join(gaps)),
                notes=(*trace.accounting.notes, *trace.notes),
            )
        return self._traces[file, reading]
