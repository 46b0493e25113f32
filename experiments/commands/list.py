"""``forksim list``: what an experiment can name, a line each."""

from __future__ import annotations

from pathlib import Path

from experiments.commands.printing import Output, print_json, say
from experiments.language.catalogue import catalogue, first_line, options_of
from experiments.language.document import load
from models.costs.profile import ProfileError, load_profile
from models.schemes.base import Scheme
from results.tables.grid import Grid, print_grid

_KEYS = ("kind", "name", "what")


def main(*, as_json: bool) -> int:
    """Print kind, name and what it is of everything registered."""
    known = catalogue()
    rows = [("workload", name, first_line(w)) for name, w in known.workloads.items()]
    rows += [("fork", name, _fork(scheme)) for name, scheme in known.schemes.items()]
    rows += [("machine", name, _machine(name)) for name in known.profiles]
    rows += [("example", str(file), load(file).data["name"]) for file in known.examples]
    if as_json:
        print_json({"names": [dict(zip(_KEYS, row, strict=True)) for row in rows]})
        return 0
    shown = [(kind, Path(name).name, what) for kind, name, what in rows]
    print_grid(Grid(shown, headings=0, names=2, words=[2]), Output())
    for folder in sorted({str(file.parent) for file in known.examples}):
        say(f"examples are in {folder}")
    return 0


def _machine(name: str) -> str:
    """What a profile is of; why it cannot be used, if so."""
    try:
        return load_profile(name).description
    except ProfileError as error:
        return f"unusable: {error}"


def _fork(scheme: type[Scheme]) -> str:
    """What a fork is, and its options."""
    return " ".join((first_line(scheme), *(f"[{option}]" for option in options_of(scheme))))
