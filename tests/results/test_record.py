"""Equal points have equal bytes, and bytes that are not a whole record are refused."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_samples import redis

from results.records.record import (
    DamagedRecordError,
    Record,
    canonical_json,
    record_id,
)

RECORD = redis("on_demand")
BYTES = RECORD.to_bytes()


def test_canonical_json_is_one_spelling() -> None:
    assert canonical_json({"b": [1, 2.5, None, True], "a": "é"}) == (
        b'{"a":"\\u00e9","b":[1,2.5,null,true]}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_no_nan_and_no_infinity(value: object) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": [{True: 1}]}, {"a": object()}])
def test_only_plain_data_with_string_keys(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), json_data, min_size=2, max_size=5))
def test_the_id_does_not_depend_on_the_order_of_keys(config: dict[str, Any]) -> None:
    turned = {key: config[key] for key in reversed(config)}
    assert record_id(turned, {}, "1") == record_id(config, {}, "1")


def test_the_id_is_that_of_the_documented_identity() -> None:
    identity = b'{"config":{"seed":1},"model":"7","trace_digests":{"t":"ab"}}'
    assert record_id({"seed": 1}, {"t": "ab"}, "7") == hashlib.sha256(identity).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        record_id({"seed": 2}, {}, "1"),
        record_id({"seed": "1"}, {}, "1"),
        record_id({"seed": 1}, {"trace": "0"}, "1"),
        record_id({"seed": 1}, {}, "2"),
    ],
)
def test_whatever_decides_the_results_changes_the_id(other: str) -> None:
    assert other != record_id({"seed": 1}, {}, "1")


def test_a_record_survives_the_round_trip() -> None:
    read = Record.from_bytes(BYTES)
    assert read.to_bytes() == BYTES
    assert read.id == RECORD.id
    assert read.at("fork.kind") == "on_demand"
    assert read.at("fork.kind.deeper") is None
    assert read.at("no.such", 5) == 5
    assert read.repetitions[0].histograms["latency_ns"].count == 1000


@pytest.mark.processes
def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import sys; from run_samples import redis; "
        "sys.stdout.buffer.write(redis('on_demand').to_bytes())"
    )
    for seed in ("0", "1", "4242"):
        path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        fresh = subprocess.run(  # noqa: S603 - this interpreter with a program written above
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        )
        assert fresh.stdout == BYTES


@settings(deadline=None)
@given(st.integers(0, len(BYTES) - 1))
def test_every_truncation_is_noticed(length: int) -> None:
    with pytest.raises(DamagedRecordError):
        Record.from_bytes(BYTES[:length])


@settings(deadline=None)
@given(st.integers(0, len(BYTES) - 1), st.integers(0, 7))
def test_every_flipped_bit_is_noticed(place: int, bit: int) -> None:
    damaged = bytearray(BYTES)
    damaged[place] ^= 1 << bit
    with pytest.raises(DamagedRecordError):
        Record.from_bytes(bytes(damaged))


@pytest.mark.parametrize(
    "data", [b"", b"null\n", b"[]\n", b"{}\n", b"\xff\xfe", b"[" * 100_000, BYTES * 2, b"NaN\n"]
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedRecordError):
        Record.from_bytes(data)


def test_a_whole_record_of_another_format_is_none() -> None:
    body = json.loads(BYTES)
    del body["sha256"]
    body["forksim"] = 2
    digest = hashlib.sha256(canonical_json(body)).hexdigest()
    newer = canonical_json({**body, "sha256": digest}) + b"\n"
    with pytest.raises(DamagedRecordError, match="of another layout than 1: 2"):
        Record.from_bytes(newer)
