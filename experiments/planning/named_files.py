"""What an experiment names but does not hold: machine profiles and traces, each read once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.language.document import Document, Route, dotted
from experiments.language.errors import InputError, suggestion
from models.costs.profile import Profile, load_profile
from workloads.traces.kinds.facts import gap_notes
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import Reading, open_as


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
        digest: SHA-256 of the file.
        span: the time that its records cover.
        notes: see `workloads.traces.kinds.trace.Trace`.
    """

    file: str
    digest: str
    span: TraceSpan
    notes: Sequence[str]


class NamedFiles:
    """Loads profiles and checks traces on behalf of the points of one experiment."""

    def __init__(self, folder: Path, profiles: Collection[str]) -> None:
        """Relative names start from ``folder``; ``profiles`` are the bundled ones."""
        self._folder = folder
        self._bundled = profiles
        self._profiles: dict[str, Profile] = {}
        self._traces: dict[tuple[Path, Reading], FoundTrace] = {}

    def profile(self, name: str, document: Document, route: Route) -> Profile:
        """The machine profile of a bundled name or in a YAML file.

        Raises:
            InputError: at ``route`` of the document; no such profile, or a wrong one.
        """
        if name not in self._profiles:
            is_file = name.endswith((".yaml", ".yml"))
            if not is_file and name not in self._bundled:
                text = f"{dotted(route)}: {name!r}{suggestion(name, self._bundled)}"
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
                trace = open_as(kind, file, reading)
                with file.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                gaps = gap_notes(trace.time_ns) if hasattr(trace, "time_ns") else ()
                span = TraceSpan(trace.duration_ns, "".join(gaps))
                self._traces[file, reading] = FoundTrace(str(file), digest, span, trace.notes)
            except (OSError, TraceError) as error:
                text = f"{dotted(route)}: {error}"
                raise InputError.at(document.position(route), text) from None
        return self._traces[file, reading]
