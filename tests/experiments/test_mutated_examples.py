"""Whatever is done to the bundled examples, they are experiments or refused in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.language.catalogue import EXAMPLES, catalogue
from experiments.language.document import load, parse
from experiments.language.errors import InputError, Position
from experiments.language.schema import experiment_model
from experiments.planning.points import plan

# A thousand experiments are planned in one test.
pytestmark = pytest.mark.timeout(600)

DATA: list[Any] = [load(file).data for file in sorted(EXAMPLES.glob("*.yaml"))]

SCHEMA = experiment_model(catalogue()).model_json_schema()


def _words(node: Any) -> Iterator[Any]:
    """The keys and constants of a schema, or of an example."""
    if isinstance(node, dict):
        yield from node
        for value in node.values():
            yield from _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)
    else:
        yield node


def _parts(node: Any) -> Iterator[Any]:
    """Every mapping and list in an example."""
    if isinstance(node, dict | list):
        yield node
        for value in node.values() if isinstance(node, dict) else node:
            yield from _parts(value)


KEYS = sorted(
    {
        key
        for node in (SCHEMA, *SCHEMA["$defs"].values())
        for key in node.get("properties", {})
    }
)  # fmt: skip
WORDS = sorted({word for word in _words(SCHEMA["$defs"]) if isinstance(word, str)} - {""})
ODD: list[Any] = [
    None, True, 0, -1, 1, 2**53, 1e999, -0.5, 1e-9, "", "kind", "wirte", "1/0", "8GiB", "250us",
    "5%", "80k/s", "/proc/self/mem", "..", "$x", [], {}, [[]], [None], {"kind": None},
    {"do": "wirte"}, {"kind": "trace", "path": "/dev/null"}, "0-511", "a.b", 64, "1e308s",
]  # fmt: skip

keys = st.sampled_from(KEYS) | st.sampled_from(WORDS) | st.text(max_size=3)
values = (
    st.sampled_from(ODD)
    | st.sampled_from(WORDS)
    | st.sampled_from([part for one in DATA for part in _parts(one)])
    | st.sampled_from([w for one in DATA for w in _words(one)])
    | st.text(max_size=4)
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """An example with one to four of its mappings and lists changed."""
    data = copy.deepcopy(draw(st.sampled_from(DATA)))
    for _ in range(draw(st.integers(1, 4))):
        part = draw(st.sampled_from(list(_parts(data))))
        value = copy.deepcopy(draw(values))
        if isinstance(part, list):
            place = draw(st.integers(0, len(part)))
            part[place : place + draw(st.integers(0, 1))] = [value]
            continue
        known = draw(st.sampled_from(sorted(part) or ["kind"]))
        match draw(st.sampled_from(["put", "replace", "drop", "rename", "misspell"])):
            case "put":
                part[draw(keys)] = value
            case "replace":
                part[known] = value
            case "drop":
                part.pop(known, None)
            case "rename":
                part[draw(keys)] = part.pop(known, None)
            case _:
                word = part.get(known)
                part[known] = word[1::-1] + word[2:] if isinstance(word, str) else str(word)
    return data


def _text(data: Any) -> str:
    """The data as YAML, of which JSON is a part but for its infinities."""
    return json.dumps(data).replace("Infinity", ".inf")


@pytest.mark.histories
@pytest.mark.timeout(600)
@settings(deadline=None, max_examples=1000, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_a_mutated_example_is_an_experiment_or_one_line(data: Any) -> None:
    try:
        plan(parse(_text(data), Position("a.yaml")), Path(EXAMPLES), catalogue())
    except InputError as error:
        assert str(error).isprintable()
        assert str(error).startswith("a.yaml:")
