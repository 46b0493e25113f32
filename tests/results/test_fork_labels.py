"""Forks named together with their options."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from matplotlib.colors import to_rgb

from models.schemes.registry import SCHEMES
from results.figures import style
from results.records.fork_labels import with_whole_forks


def test_options_become_part_of_the_name() -> None:
    labels = [
        {"fork.kind": "classic", "workload.dataset": "1GiB"},
        {"fork.kind": "on_demand", "fork.variant": "head"},
        {"fork.kind": "classic6", "fork.huge": "true", "fork.folio": "64KiB"},
        {"fork.kind": "classic6", "fork.huge": "false", "fork.folio": "-"},
    ]
    assert [label["fork.kind"] for label in with_whole_forks(labels)] == [
        "classic",
        "on_demand head",
        "classic6 huge 64KiB",
        "classic6",
    ]
    assert with_whole_forks(labels)[0] == labels[0]
    assert with_whole_forks(with_whole_forks(labels)) == with_whole_forks(labels)


def test_an_option_of_one_fork_stays_a_field() -> None:
    assert with_whole_forks([{"fork.variant": "head"}]) == [{"fork.variant": "head"}]


def test_forks_of_one_scheme_share_its_marker_and_are_of_other_shades() -> None:
    looks = style.looks_for(["classic", "on_demand", "on_demand head", "async", "async x"])
    assert looks["on_demand"].colour == style.colour_of("on_demand")
    assert looks["on_demand head"].marker == looks["on_demand"].marker
    assert len({look.colour for look in looks.values()}) == len(looks)
    assert style.name_of_fork("on_demand head") == "On-demand-fork, head"


FORKS = [
    "classic", "classic6", "classic6 64KiB", "classic6 huge", "huge", "hugetlb", "on_demand",
    "on_demand head", "on_demand patchset", "async", "async x", "vfork",
]  # fmt: skip


def grey(colour: str) -> float:
    """What a black-and-white printer makes of a colour, from 0 to 1."""
    return float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114)))


def test_no_two_forks_have_both_line_and_marker_in_common() -> None:
    many = [*FORKS, *(f"on_demand {n}" for n in range(11)), *(f"new{n}" for n in range(7))]
    looks = style.looks_for(many)
    assert len({(str(x.linestyle), x.marker, x.hollow) for x in looks.values()}) == len(many)


def test_forks_with_one_line_differ_in_grey() -> None:
    for one, other in combinations(style.looks_for(FORKS).values(), 2):
        if one.linestyle == other.linestyle:
            assert abs(grey(one.colour) - grey(other.colour)) > 0.1, (one, other)


def test_a_scheme_looks_alike_whatever_stands_beside_it() -> None:
    alone = {fork: style.looks_for([fork])[fork] for fork in FORKS if " " not in fork}
    assert all(style.looks_for(list(alone)[::-1])[fork] == look for fork, look in alone.items())


def test_every_scheme_has_a_colour_of_its_own() -> None:
    assert len({style.colour_of(kind) for kind in SCHEMES} - {""}) == len(SCHEMES)
