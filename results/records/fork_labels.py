"""Forks as people name them: a scheme together with what else is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.printable import printable

FORK = "fork.kind"
_OF_FORK = "fork."


def with_whole_forks(labels: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Labels in which a fork's options are part of its name: ``on_demand head``.

    An option that is only on or off is named by itself if it is on. Labels without swept options
    of a swept fork stay as they are. What is not printable is escaped.
    """
    return [
        {path: printable(text) for path, text in _with_whole_fork(label).items()}
        for label in labels
    ]


def _with_whole_fork(label: Mapping[str, str]) -> dict[str, str]:
    if FORK not in label:
        return dict(label)
    options = [
        path.removeprefix(_OF_FORK) if value == "true" else value
        for path, value in label.items()
        if path.startswith(_OF_FORK) and path != FORK and value not in {"-", "false"}
    ]
    rest = {path: value for path, value in label.items() if not path.startswith(_OF_FORK)}
    return {FORK: " ".join([label[FORK], *options]), **rest}
