"""What ``forksim explain`` says of a program: what of it is simulated, and what its fields are."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from experiments.commands.printing import Output, print_json, say
from experiments.language.catalogue import first_line
from experiments.language.commented import kind_of
from experiments.language.fields import FieldGroup, FieldNote, fields_of
from sim.units import SPELLINGS
from workloads.workload import Workload

WIDEST = 100
"""Lines longer than this are hard to read, however wide the terminal is."""
_STEP = 2


def explain_program(workload: Workload, *, as_json: bool) -> int:
    """Print what an experiment can say of a program; 0."""
    group = fields_of(workload.Config)
    if as_json:
        about = {"program": workload.name, "about": first_line(workload)}
        told = {**about, **workload.scope._asdict(), "example": workload.example}
        print_json({**told, **_object(group)})
        return 0
    for indent, text in _lines(workload, group):
        width = max(min(Output().width, WIDEST), 4 * _STEP + indent)
        further = " " * (indent + 2 * _STEP)
        for line in textwrap.wrap(
            text,
            width,
            initial_indent=" " * indent,
            subsequent_indent=further,
            break_on_hyphens=False,
        ):
            say(line)
    return 0


def _lines(workload: Workload, group: FieldGroup) -> Iterator[tuple[int, str]]:
    """Every line before it is wrapped, and how far it is indented."""
    yield 0, f"{first_line(workload)}."
    scope = workload.scope
    told = {"simulated": scope.simulated, "not simulated": scope.left_out}
    told |= {"example": workload.example}
    yield from ((_STEP, f"{what}: {text}") for what, text in told.items() if text)
    yield 0, "fields of workload:"
    yield from _fields(group, _STEP)
    used = set(_formats(group))
    if used:
        yield 0, "how quantities are spelled:"
    for spelling in (SPELLINGS[known] for known in SPELLINGS if known in used):
        yield _STEP, f"{spelling[0]}: {spelling[1]}"


def _fields(group: FieldGroup, indent: int) -> Iterator[tuple[int, str]]:
    for field in group.fields:
        yield indent, f"{field.name} ({kind_of(field)}): {field.meaning}"
        for below in field.groups:
            what = _plain(below.meaning).removesuffix(".")
            if below.chosen_by is not None:
                key, values = below.chosen_by
                yield indent + _STEP, f"{key}: {' or '.join(values)} - {what}"
            elif len(field.groups) > 1 or "or" in field.takes.split():
                yield indent + _STEP, f"a mapping - {what}"
            else:
                yield from _fields(below, indent + _STEP)
                continue
            yield from _fields(below, indent + 2 * _STEP)


def _formats(group: FieldGroup) -> Iterator[str]:
    for field in group.fields:
        yield from field.formats
        for below in field.groups:
            yield from _formats(below)


def _plain(text: str) -> str:
    return text.replace("``", "`")


def _object(group: FieldGroup) -> dict[str, Any]:
    return {"fields": [_field(field) for field in group.fields]}


def _field(field: FieldNote) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": field.name,
        "takes": field.takes,
        "required": field.required,
        "default": field.default,
        "meaning": field.meaning,
    }
    if field.choices:
        told["choices"] = list(field.choices)
    if field.groups:
        told["mappings"] = [
            {
                **({below.chosen_by[0]: list(below.chosen_by[1])} if below.chosen_by else {}),
                "meaning": below.meaning,
                **_object(below),
            }
            for below in field.groups
        ]
    return told
