"""YAML to plain data: what comes out, where it stood, and every way it can be refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.language.document import LARGEST_BYTES, Document, load, parse, route_of
from experiments.language.errors import InputError, Position


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse(text, Position("f"))
    return str(caught.value)


def test_values_are_those_of_yaml_1_2() -> None:
    text = "{a: 1e6, b: 0o17, c: yes, d: 12:30:45, e: 2021-04-26, f: ~, g: true, h: '1', i: -3}"
    assert parse(text, Position("f")).data == {
        "a": 1_000_000.0,
        "b": 15,
        "c": "yes",
        "d": "12:30:45",
        "e": "2021-04-26",
        "f": None,
        "g": True,
        "h": "1",
        "i": -3,
    }


def test_every_value_and_key_has_its_position() -> None:
    document = parse("a: 1\nb:\n  - x\n  - {c: y}\n", Position("f"))
    assert document.values == {
        (): Position("f", 1, 1),
        ("a",): Position("f", 1, 4),
        ("b",): Position("f", 3, 3),
        ("b", 0): Position("f", 3, 5),
        ("b", 1): Position("f", 4, 5),
        ("b", 1, "c"): Position("f", 4, 9),
    }
    assert document.keys == {
        ("a",): Position("f", 1, 1),
        ("b",): Position("f", 2, 1),
        ("b", 1, "c"): Position("f", 4, 6),
    }


def test_a_text_may_begin_anywhere() -> None:
    document = parse("{k: [1, 2]}", Position("--set", 3, 10))
    assert document.values["k", 1] == Position("--set", 3, 18)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2", "f:2:1: a: given twice, first in line 1"),
        ("b: {a: 1, a: 2}", "f:1:11: b.a: given twice, first in line 1"),
        ("[" * 100_000, "f:1:33: nested too deeply: expected at most 32 levels"),
        ("- " * 100_000, "f:1:65: nested too deeply: expected at most 32 levels"),
        ("{a: " * 30_000, "f:1:129: nested too deeply: expected at most 32 levels"),
        ("a: &x 1\nb: *x", "f:1:4: anchor &x: expected no anchors or aliases"),
        ("a: [*x]", "f:1:5: alias *x: expected the value written out"),
        ("a: {<<: *x}", "f:1:9: alias *x: expected the value written out"),
        ("&x a: 1", "f:1:1: a key that is not a plain name: expected a name"),
        ("a: !!python/object:os.system {}", "tag tag:yaml.org,2002:python/object:os.system"),
        ("a: !!int '1'", "f:1:4: tag tag:yaml.org,2002:int: expected no tags"),
        ("%YAML 1.1\n---\na: 1", "f:2:1: a YAML directive: expected none"),
        ("a: 1\n---\nb: 2", "f:2:1: a second document: expected one experiment a file"),
        ("1.5: 2", "f:1:1: key '1.5': expected a name"),
        ("true: 2", "f:1:1: key 'true': expected a name"),
        ("? [a]\n: 2", "f:1:3: a key that is not a plain name: expected a name"),
        ("a: [1, 2", "f:1:9: not YAML: "),
        ("a: 'x", "f:1:6: not YAML: found unexpected end of stream"),
        ("\ta: 1", "f:1:1: not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\nb: x\0y", "f:2:5: character '\\x00': expected text"),
        ('a: "\\0"', "f:1:4: escaped character '\\x00': expected text"),
        ("a: " + "9" * 5_000, "999...: expected a number or text"),
        ("a: 0x" + "f" * 5_000, "fff...: expected a number below 2^63"),
        ("a: 9223372036854775808", "f:1:4: a: '9223372036854775808': expected a number below 2^63"),
    ],
)
def test_refused(text: str, line: str) -> None:
    message = refusal(text)
    assert message.startswith("f:")
    assert line in message
    assert message.isprintable()


def refused_file(file: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(file)
    return str(caught.value).replace(str(file), "F")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    assert refused_file(file) == "F:1:1: no such file: expected an experiment in YAML"
    assert refused_file(tmp_path) == "F:1:1: a folder: expected an experiment in YAML"
    assert refused_file(file / "b") == "F:1:1: no such file: expected an experiment in YAML"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert refused_file(loop).startswith("F:1:1: Too many levels of symbolic links")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "F:1:1: empty: expected an experiment that begins 'forksim: 1'"),
        (b"# nothing\n", "F:1:1: empty: expected an experiment that begins 'forksim: 1'"),
        (b"[1, 2]", "F:1:1: [1, 2]: expected an experiment that begins 'forksim: 1'"),
        (b"text", "F:1:1: 'text': expected an experiment that begins 'forksim: 1'"),
        (b"a: 1\nb: \xff", "F:2:4: byte 0xff: expected UTF-8 text"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "F:1:1: character '\\x7f': expected text"),
        ("a: é".encode("utf-16"), "F:1:1: byte 0xff: expected UTF-8 text"),
        (b"#" * (LARGEST_BYTES + 1), "F:1:1: too large: expected at most 256 KiB"),
    ],
)
def test_files_that_are_not_experiments(tmp_path: Path, content: bytes, line: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(content)
    assert refused_file(file) == line


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    with file.open("wb") as stream:
        stream.truncate(2**30)
    assert refused_file(file) == "F:1:1: too large: expected at most 256 KiB"


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1")
    assert load(file).data == {"a": 1}


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text("abc:-# '\"\n", max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab-", min_size=1), inner),
    max_leaves=12,
)


@settings(deadline=None)
@given(plain)
def test_json_is_yaml(value: object) -> None:
    assert parse(json.dumps(value), Position("f")).data == value


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, Position("f"))
    except InputError as error:
        assert str(error).startswith("f:")
        assert str(error).isprintable()


def test_assignments_bring_their_positions() -> None:
    document = parse("a: {b: [1, 2], c: {d: 3}}", Position("f"))
    value = parse("{x: [7]}", Position("--set", 1, 5))
    document.assign(route_of("a.c"), value, Position("--set"))
    document.assign(route_of("a.b.1"), Document(5, {(): Position("g")}), Position("g"))
    document.assign(route_of("new.e"), Document(6, {(): Position("g")}), Position("g"))
    assert document.data == {"a": {"b": [1, 5], "c": {"x": [7]}}, "new": {"e": 6}}
    assert document.position(("a", "c", "x", 0)) == Position("--set", 1, 10)
    assert document.position(("a", "c", "d")) == Position("--set", 1, 5)
    assert document.position(("a", "c"), of_key=True) == Position("--set")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.x", "g:1:1: a.x: a is 1: expected a mapping"),
        ("b.2", "g:1:1: b.2: b is a list of 2: expected a mapping"),
        ("b.x.y", "g:1:1: b.x: b is a list of 2: expected a mapping"),
        ("c.d.e", "g:1:1: c.d.e: c.d is 'text': expected a mapping"),
    ],
)
def test_assignments_that_lead_nowhere(path: str, line: str) -> None:
    document = parse("{a: 1, b: [1, 2], c: {d: text}}", Position("f"))
    with pytest.raises(InputError) as caught:
        document.assign(route_of(path), Document(0), Position("g"))
    assert str(caught.value) == line
