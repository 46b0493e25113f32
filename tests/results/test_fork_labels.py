"""Forks named together with their options."""

from __future__ import annotations

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


def test_forks_of_one_scheme_share_its_colour() -> None:
    colours = style.colours_for(["classic", "on_demand", "on_demand head", "async", "async x"])
    assert colours["on_demand"] == style.colour_of("on_demand")
    assert colours["on_demand head"] == style.lighter(style.colour_of("on_demand"), 1)
    assert colours["async x"] == style.lighter(colours["async"], 1)
    assert len(set(colours.values())) == len(colours)
    assert style.name_of_fork("on_demand head") == "On-demand-fork, head"
