"""What an experiment names but does not hold: machine profiles and traces, each read once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from experiments.language.document import Document, Route, dotted
from experiments.language.errors import InputError, suggestion
from models.costs.profile import Profile, load_profile
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import open_as


class NamedFiles:
    """Loads profiles and checks traces on behalf of the points of one experiment."""

    def __init__(self, folder: Path, profiles: Collection[str]) -> None:
        """Relative names start from ``folder``; ``profiles`` are the bundled ones."""
        self._folder = folder
        self._bundled = profiles
        self._profiles: dict[str, Profile] = {}
        self._digests: dict[Path, str] = {}

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

    def trace(self, name: str, kind: type, document: Document, route: Route) -> tuple[str, str]:
        """The file behind a trace's name and its SHA-256, once the whole trace was read.

        Raises:
            InputError: at ``route`` of the document; no such file, or not a trace of that kind.
        """
        file = self._folder / name
        if file not in self._digests:
            try:
                open_as(kind, file)
                with file.open("rb") as stream:
                    self._digests[file] = hashlib.file_digest(stream, "sha256").hexdigest()
            except (OSError, TraceError) as error:
                text = f"{dotted(route)}: {error}"
                raise InputError.at(document.position(route), text) from None
        return str(file), self._digests[file]
