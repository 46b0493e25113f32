"""The record of one point: its configuration and what every repetition of it left behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from results.records.older import UNDECLARED
from sim.measures.declarations import Declarations
from sim.measures.recording import Recording

_Kind = TypeVar("_Kind")

FORMAT = 1
"""Version of the record's layout, its ``forksim`` key."""


_NOT_THE_LAYOUT = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading raises if something is missing, or is of another kind than it should be."""

MACHINE = "(machine)"
"""Beside the programs of a mix the machine that they run on; no program can have this name."""


class DamagedRecordError(ValueError):
    """The bytes are not a whole record of this layout: truncated, altered, or something else."""


def canonical_json(value: object) -> bytes:
    """``value`` as JSON with one spelling: sorted keys, no spaces, ASCII, no NaN or infinity.

    Raises:
        TypeError: something is neither a mapping with string keys, a list, a tuple, a string,
            a finite number, a truth value nor None.
        ValueError: a number is NaN or infinite.
    """
    _require_string_keys(value)
    return _spelled(value)


def canonical_jsons(values: Sequence[object]) -> list[bytes]:
    """`canonical_json` of each value; numbers together take a tenth of the time.

    Raises:
        TypeError: see there.
        ValueError: see there.
    """
    if values and all(isinstance(value, int | float) for value in values):
        return _spelled(values)[1:-1].split(b",")
    return [canonical_json(value) for value in values]


def _spelled(value: object) -> bytes:
    """`canonical_json` of what has string keys for certain, as everything has that was JSON."""
    return _SPELLER.encode(value).encode("ascii")


_SPELLER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def _require_string_keys(value: object) -> None:
    # json would write the keys 1 and "1" alike, and two different points would share an id.
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of a record is a string, not {key!r}")
            _require_string_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _require_string_keys(item)


def record_id(config: Mapping[str, Any], trace_digests: Mapping[str, str], model: str) -> str:
    """The id of a point: SHA-256, in hexadecimal, of what decides its results.

    Args:
        config: the resolved configuration, defaults filled in, as plain JSON data.
        trace_digests: SHA-256 of every trace the configuration names, by its name there.
        model: the model's version; another model gives the same point another id.
    """
    return spelled_id(canonical_json(dict(config)), rest_of_id(trace_digests, model))


def rest_of_id(trace_digests: Mapping[str, str], model: str) -> bytes:
    """What decides a point's results besides its configuration, as `spelled_id` takes it."""
    digests = canonical_json(dict(trace_digests))
    return b',"model":%b,"trace_digests":%b}' % (canonical_json(model), digests)


def spelled_id(config: bytes, rest: bytes) -> str:
    """`record_id` of a configuration that is canonical JSON already."""
    return hashlib.sha256(b'{"config":%b%b' % (config, rest)).hexdigest()


@dataclass(frozen=True)
class Record:
    """What came out of one point.

    Two runs of the same point give records with the same bytes, so nothing that varies from run
    to run (wall time, host, process) belongs here.

    Attributes:
        config: the resolved configuration as plain JSON data.
        trace_digests: SHA-256 of every trace, by its name in the configuration.
        model: version of the model.
        repetitions: one recording per repetition, in order; what they declare is written once.
        provenance: versions, seed and digest of the machine profile, for the reader.
    """

    config: Mapping[str, Any]
    trace_digests: Mapping[str, str]
    model: str
    repetitions: Sequence[Recording]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """The point's id, see `record_id`."""
        return record_id(self.config, self.trace_digests, self.model)

    @property
    def declared(self) -> Declarations:
        """What the numbers of all its repetitions are.

        Raises:
            ValueError: two programs declare one name in different ways.
        """
        declared = Declarations()
        for recording in self.repetitions:
            declared |= recording.all_declared()
        return declared

    def to_bytes(self) -> bytes:
        """The record as canonical JSON with its own checksum.

        Raises:
            ValueError: two programs declare one name in different ways.
        """
        body = {
            "forksim": FORMAT,
            "id": self.id,
            "config": dict(self.config),
            "trace_digests": dict(self.trace_digests),
            "model": self.model,
            "metrics": self.declared.to_dict(),
            "repetitions": [recording.to_dict() for recording in self.repetitions],
            "provenance": dict(self.provenance),
        }
        return canonical_json({**body, "sha256": _checksum(body)}) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """The inverse of `to_bytes`.

        Raises:
            DamagedRecordError: the bytes are not exactly those that some record was written as.
        """
        try:
            body = json.loads(data)
            # Spelled anew, because a flipped bit may leave the meaning and change the bytes.
            whole = isinstance(body, dict) and _spelled(body) + b"\n" == data
        except (ValueError, TypeError, RecursionError) as error:
            raise DamagedRecordError("not the JSON of a record") from error
        if not whole or body.pop("sha256", None) != _checksum(body):
            raise DamagedRecordError("the checksum does not match")
        if body.get("forksim") != FORMAT:
            raise DamagedRecordError(f"of another layout than {FORMAT}: {body.get('forksim')}")
        try:
            return cls._of(body)
        except _NOT_THE_LAYOUT as error:
            raise DamagedRecordError(f"not of the layout {FORMAT}: {error!r}") from error

    @classmethod
    def _of(cls, body: Mapping[str, Any]) -> Record:
        declared = UNDECLARED
        if "metrics" in body:
            declared = Declarations.from_dict(body["metrics"])
        record = cls(
            config=_as(dict, body["config"]),
            trace_digests=_as(dict, body["trace_digests"]),
            model=_as(str, body["model"]),
            repetitions=tuple(Recording.from_dict(item, declared) for item in body["repetitions"]),
            provenance=_as(dict, body["provenance"]),
        )
        if record.id != body["id"]:
            raise ValueError("the id is not that of the configuration")
        if not record.repetitions:
            raise ValueError("no repetition")
        return record

    def by_program(self) -> list[tuple[str | None, Record]]:
        """The record of each program of a mix, by its name; that of a single program under None.

        Each is as if its program had been the workload, but for its id. What a mix has beside its
        programs comes last, under `MACHINE`.
        """
        names = dict.fromkeys(name for recording in self.repetitions for name in recording.parts)
        if not names:
            return [(None, self)]
        programs = self.at("workload.programs", {})
        found: list[tuple[str | None, Record]] = [
            (
                name,
                replace(
                    self,
                    config={**self.config, "workload": programs.get(name, {})},
                    repetitions=[recording.parts[name] for recording in self.repetitions],
                ),
            )
            for name in names
        ]
        alone = [replace(recording, parts={}) for recording in self.repetitions]
        if any(recording.levels for recording in alone):
            of_machine = replace(self, config={**self.config, "workload": {}}, repetitions=alone)
            found.append((MACHINE, of_machine))
        return found

    def at(self, path: str, default: Any = None) -> Any:
        """The configuration's value at a dotted ``path`` such as ``fork.kind``, or ``default``."""
        value: Any = self.config
        for key in path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return default
            value = value[key]
        return value


def _as(kind: type[_Kind], value: Any) -> _Kind:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r}: expected {kind.__name__}")
    return value


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_spelled(body)).hexdigest()
