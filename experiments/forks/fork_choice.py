"""Which fork and which machine a command is asked about, checked as an experiment's are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, create_model

from experiments.language.catalogue import Catalogue
from experiments.language.document import Data, Document, parse
from experiments.language.errors import InputError, Position, shown, suggestion
from experiments.language.schema import experiment_model
from experiments.language.validation import validate
from experiments.planning.named_files import NamedFiles
from experiments.sweeps.overrides import override
from models.costs.profile import Profile
from models.schemes.base import Scheme
from results.records.fork_labels import FORK, with_whole_forks
from sim.configuration import Configuration
from workloads.running.setup import Setup

FORKS, PROFILE, SCHEME = "--fork", "--profile", "SCHEME"
"""What the command line calls them."""


@dataclass(frozen=True)
class ForkChoice:
    """A fork on a machine.

    Attributes:
        written: the fork as an experiment's YAML has it.
        scheme: the fork.
        profile: the machine.
    """

    written: Mapping[str, Data]
    scheme: Scheme
    profile: Profile

    @property
    def label(self) -> str:
        """Its name and options in one line: ``on_demand head``."""
        fields = {f"fork.{name}": _text(value) for name, value in self.written.items()}
        return with_whole_forks([fields])[0][FORK]

    @property
    def yaml(self) -> str:
        """The same as an experiment has it: ``{kind: on_demand, variant: head}``."""
        fields = (f"{name}: {_text(value)}" for name, value in self.written.items())
        return f"{{{', '.join(fields)}}}"


def variants_of(name: str, known: Catalogue) -> Iterator[dict[str, Data]]:
    """A scheme in each way that is worth a row of its own, as an experiment has it."""
    for options in known.schemes[name].variants:
        yield {"kind": name, **options}


def one_fork(
    name: str, profile: str | None, settings: Sequence[str], known: Catalogue
) -> ForkChoice:
    """The fork of a name, options put in by ``--set fork.variant=head``.

    Raises:
        InputError: the name, the profile or a setting is wrong.
    """
    document = _document(profile)
    document.assign(("fork",), _at(SCHEME, {"kind": name}), Position(SCHEME))
    return _checked(override(document, settings), _model(known), known)


def several_forks(
    chosen: Sequence[str], profile: str | None, known: Catalogue, *, aged: bool = False
) -> Iterator[ForkChoice]:
    """The chosen forks, or all in every variant.

    Args:
        chosen: names, which mean all their variants, or mappings as an experiment has them.
        profile: name or file of the machine's profile.
        known: what can be named.
        aged: on a machine that has run for long.

    Raises:
        InputError: a choice or the profile is wrong.
    """
    model = _model(known)
    for fork in _forks(chosen, known):
        document = _document(profile)
        document.assign(("fork",), fork, fork.position(()))
        yield _checked(document, model, known, aged=aged)


def _forks(chosen: Sequence[str], known: Catalogue) -> Iterator[Document]:
    if not chosen:
        for name in known.schemes:
            yield from (_at(FORKS, written) for written in variants_of(name, known))
    for ordinal, text in enumerate(chosen, 1):
        start = Position(FORKS, ordinal)
        fork = parse(text, start, ("fork",))
        if isinstance(fork.data, dict):
            yield fork
        elif isinstance(fork.data, str) and fork.data in known.schemes:
            yield from (_at(FORKS, written) for written in variants_of(fork.data, known))
        else:
            wrong = f"{shown(fork.data)}{suggestion(fork.data, known.schemes)}"
            raise InputError.at(fork.position(()), f"fork: {wrong}")


def _document(profile: str | None) -> Document:
    document = _at(SCHEME, {"machine": {}})
    if profile is not None:
        route = ("machine", "profile")
        document.assign(route, _at(PROFILE, profile), Position(PROFILE))
    return document


def _at(source: str, data: Data) -> Document:
    return Document(data, {(): Position(source)})


def _checked(
    document: Document, model: type[BaseModel], known: Catalogue, *, aged: bool = False
) -> ForkChoice:
    config = validate(model, document).model_dump(mode="json", serialize_as_any=True)
    machine = config["machine"]
    inputs = NamedFiles(Path(), known.profiles)
    profile = inputs.profile(machine["profile"], document, ("machine", "profile"))
    if aged:
        profile = profile.when_aged
    profile = profile.varied(machine["constants"], machine["scale"])
    setup = Setup.of(config["fork"], profile=profile, cores=1)
    return ForkChoice(document.data["fork"], setup.fork(), profile)


def _model(known: Catalogue) -> type[BaseModel]:
    """The two sections of an experiment that matter here."""
    fields = experiment_model(known).model_fields
    wanted: dict[str, Any] = {name: (fields[name].annotation, fields[name]) for name in _SECTIONS}
    return create_model("Asked", __base__=Configuration, **wanted)


_SECTIONS = ("machine", "fork")


def _text(value: Data) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
