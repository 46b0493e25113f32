"""What an experiment does not say of its machine and its profile does: cores and memory."""

from __future__ import annotations

import json

from experiments.language.document import Document
from experiments.language.errors import InputError, Position
from experiments.planning.named_files import NamedFiles

_MACHINE = "machine"
_PROFILE = ("machine", "profile")


def with_machine_defaults(document: Document, files: NamedFiles) -> tuple[Document, list[str]]:
    """The experiment with cores and memory of its profile where it says nothing, and what they are.

    A sweep of profiles leaves them alone: the points are compared on the same cores.
    """
    data = document.data
    machine = data.get(_MACHINE) if isinstance(data, dict) else None
    if not isinstance(machine, dict) or ".".join(_PROFILE) in json.dumps(data.get("sweep", "")):
        return document, []
    name = machine.get("profile")
    try:
        facts = files.profile(name, document, _PROFILE).machine if isinstance(name, str) else None
    except InputError:
        return document, []  # which is told where points are made
    if facts is None:
        return document, []
    changed, said = document.copy(), []
    place = document.position(_PROFILE)
    for field, value in (("cores", facts.cores), ("memory", facts.memory_bytes)):
        if value is not None and field not in machine:
            changed.assign((_MACHINE, field), _alone(value, place), place)
            said.append(f"machine.{field}: {value:,} as profile {name} has it")
    return changed, said


def _alone(value: int, place: Position) -> Document:
    return Document(value, {(): place}, {})
