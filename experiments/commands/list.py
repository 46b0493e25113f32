"""``forksim list``: what an experiment can name, a line each."""

from __future__ import annotations

from experiments.commands.printing import say
from experiments.language.catalogue import catalogue, first_line, options_of
from experiments.language.document import load
from models.costs.profile import load_profile
from models.schemes.base import Scheme


def main() -> int:
    """Print kind, name and what it is of everything registered."""
    known = catalogue()
    rows = [("workload", name, first_line(w)) for name, w in known.workloads.items()]
    rows += [("fork", name, _fork(scheme)) for name, scheme in known.schemes.items()]
    rows += [("machine", name, load_profile(name).description) for name in known.profiles]
    rows += [("example", str(file), load(file).data["name"]) for file in known.examples]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for kind, name, what in rows:
        say(f"{kind:{widths[0]}}  {name:{widths[1]}}  {what}")
    return 0


def _fork(scheme: type[Scheme]) -> str:
    """What a fork is, and its options."""
    return " ".join((first_line(scheme), *(f"[{option}]" for option in options_of(scheme))))
