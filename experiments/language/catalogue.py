"""What can be named in an experiment: workloads, forks, machine profiles, bundled examples."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.costs.profile import list_profiles
from models.costs.user_profiles import user_profiles
from models.schemes.base import Scheme
from models.schemes.registry import SCHEMES
from workloads.registry import WORKLOADS
from workloads.workload import Workload

EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Catalogue:
    """The registered names.

    Attributes:
        workloads: the programs, and mixes of them, by name.
        schemes: the forks by name.
        profiles: names of the machine profiles, the bundled ones first, then the user's.
        examples: files of the bundled experiments.
    """

    workloads: Mapping[str, Workload]
    schemes: Mapping[str, type[Scheme]]
    profiles: tuple[str, ...]
    examples: tuple[Path, ...]


def catalogue() -> Catalogue:
    """Everything that is registered now."""
    return Catalogue(
        workloads=WORKLOADS,
        schemes=SCHEMES,
        profiles=tuple(dict.fromkeys([*list_profiles(), *user_profiles()])),
        examples=tuple(sorted(EXAMPLES.glob("*.yaml"))),
    )


def first_line(thing: object) -> str:
    """The first line of a docstring, without its full stop."""
    return (inspect.getdoc(thing) or "").partition("\n")[0].removesuffix(".")


def options_of(scheme: type[Scheme]) -> Iterator[str]:
    """A fork's options: ``variant: paper, head, patchset``, or what each is if it has no list."""
    for name, field in scheme.Options.model_json_schema().get("properties", {}).items():
        yield f"{name}: {', '.join(field.get('enum', [field['description']]))}"
