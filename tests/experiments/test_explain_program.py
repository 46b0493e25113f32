"""forksim explain PROGRAM: every field is told as the program's configuration has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main
from experiments.language.amounts import spelled
from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import Position
from experiments.language.fields import FieldGroup, FieldNote, fields_of
from experiments.language.schema import experiment_model
from sim.units import (
    parse_bytes,
    parse_duration,
    parse_rate,
    parse_ratio,
    parse_time_per_byte,
)
from workloads.mix import Mix
from workloads.programs.redis.config import RedisConfig
from workloads.registry import PROGRAMS, WORKLOADS

NAMES = [*(program.name for program in PROGRAMS), Mix.name]
"""What is always registered; tests register programs of their own."""


def forksim(*arguments: str, columns: int = 80) -> Result:
    return CliRunner().invoke(main, arguments, env={"COLUMNS": str(columns)})


def leaves(group: FieldGroup) -> Iterator[FieldNote]:
    for field in group.fields:
        yield field
        for below in field.groups:
            yield from leaves(below)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_says_what_it_is(name: str) -> None:
    fields = list(leaves(fields_of(WORKLOADS[name].Config)))
    assert [f.name for f in fields if not f.meaning] == []
    assert [f.name for f in fields if not f.takes] == []
    text = " ".join(forksim("explain", name).stdout.split())
    for field in fields:
        assert f"{field.name} (" in text
        assert " ".join(field.meaning.split()) in text


@pytest.mark.parametrize("name", NAMES)
def test_every_program_says_what_of_it_is_simulated(name: str) -> None:
    workload = WORKLOADS[name]
    for text in workload.scope:
        assert text[0].isupper()
        assert text.endswith(".")
    config = parse(workload.example, Position("example")).data
    assert config["kind"] == name
    assert workload.Config.model_validate_json(json.dumps(config))


def test_all_keys_of_the_models_are_there() -> None:
    group = fields_of(RedisConfig)
    by_name = {field.name: field for field in group.fields}
    assert list(by_name) == [name for name in RedisConfig.model_fields if name != "kind"]
    kinds = [below.chosen_by for below in by_name["clients"].groups]
    assert kinds == [("kind", ("closed",)), ("kind", ("open",)), ("kind", ("trace",))]
    (snapshot,) = by_name["snapshot"].groups
    assert {"save", "every", "at", "save_rate"} <= {field.name for field in snapshot.fields}
    assert by_name["dataset"].required
    assert (by_name["dataset"].takes, by_name["set_ratio"].default) == ("size", "1/11")
    assert (by_name["service"].takes, by_name["service"].default) == (
        "duration or mapping",
        "677ns",
    )


def test_alternatives_and_choices_are_listed() -> None:
    text = " ".join(forksim("explain", "redis", columns=200).stdout.split())
    assert "kind: open - Clients that send at their own times" in text
    assert "arrivals (poisson or fixed, default poisson): random gaps" in text
    assert "size: a size such as 996MiB" in text
    script = " ".join(forksim("explain", "script").stdout.split())
    assert "do: unmap, protect" not in script
    assert "do: unmap or protect or unprotect or discard or move - Change a range" in script


@pytest.mark.parametrize("columns", [40, 80, 100])
@pytest.mark.parametrize("name", NAMES)
def test_it_fits_the_terminal(name: str, columns: int) -> None:
    lines = forksim("explain", name, columns=columns).stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert len(lines) > 8


def test_as_json() -> None:
    result = forksim("explain", "afl", "--json")
    told = json.loads(result.stdout)
    assert told["program"] == "afl"
    assert told["example"] == WORKLOADS["afl"].example
    by_name = {field["name"]: field for field in told["fields"]}
    assert by_name["target"]["required"]
    assert by_name["overhead"]["default"] == "100us"
    (rates,) = by_name["rates"]["mappings"]
    (fork,) = [field for field in rates["fields"] if field["name"] == "fork"]
    assert fork["choices"] == ["classic", "huge", "on_demand"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rediss"], "NAME:1:1: 'rediss' - did you mean 'redis'?"),
        (["on_demnad"], "NAME:1:1: 'on_demnad' - did you mean 'on_demand'?"),
        (["redis", "--set", "a=b"], "--set:1:1: redis is a program: expected a fork"),
        (["afl", "--profile", "x"], "--profile:1:1: afl is a program: expected a fork"),
    ],
)
def test_wrong_words(arguments: list[str], message: str) -> None:
    result = forksim("explain", *arguments)
    assert (result.exit_code, result.stderr.splitlines()) == (2, [message])


def test_an_unknown_word_lists_forks_and_programs() -> None:
    error = forksim("explain", "\x1b[31m").stderr
    assert error.count("\n") == 1
    assert all(repr(name) in error for name in ("on_demand", "redis", "mix"))


@pytest.mark.parametrize(
    ("text_format", "amount", "text"),
    [
        ("size", 32, "32B"),
        ("size", 7 * 2**20, "7MiB"),
        ("size", 3 * 2**30, "3GiB"),
        ("size", 2**30 + 1, "1073741825B"),
        ("span", 677, "677ns"),
        ("span", 100_000, "100us"),
        ("span", 1_500_000, "1500us"),
        ("span", 900 * 10**9, "15min"),
        ("rate", 20_000.0, "20000/s"),
        ("share", 1 / 11, "1/11"),
        ("share", 0.2, 0.2),
        ("share", 1.0, 1),
        ("span per byte", 0.3, "0.3ns"),
        ("count", 7, 7),
        ("span", 0, 0),
        ("size", None, None),
        ("size", [], []),
    ],
)
def test_amounts_are_spelled_exactly(text_format: str, amount: Any, text: Any) -> None:
    readers = {
        "size": parse_bytes,
        "span": parse_duration,
        "rate": parse_rate,
        "share": parse_ratio,
        "span per byte": parse_time_per_byte,
    }
    assert spelled(text_format, amount) == text
    if amount and text_format in readers:
        assert readers[text_format](text) == amount


def test_what_an_experiment_takes_is_told_too() -> None:
    fields = {field.name: field for field in fields_of(experiment_model(catalogue())).fields}
    assert [name for name, field in fields.items() if not field.meaning] == []
    assert fields["repetitions"].default == 1
