"""How an experiment names a trace, and says how it is to be read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sim.configuration import Configuration
from sim.units import Rate
from workloads.traces.commands.operations import CODES, by_codes
from workloads.traces.formats.log_format import log_pattern
from workloads.traces.reading.fields import PLACES, Fields, SaidError, Unit
from workloads.traces.registry import FORMATS, Reading


def _known(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"expected one of {', '.join(FORMATS)}")
    return name


def _unit(name: object) -> object:
    if not isinstance(name, str) or name not in PLACES:
        raise ValueError(f"expected one of {', '.join(PLACES)}")
    return name


def _columns(said: object) -> object:
    if isinstance(said, list) and all(isinstance(name, str) for name in said):
        return said
    if isinstance(said, dict) and all(
        isinstance(known, str)
        and (isinstance(where, str) or (isinstance(where, int) and where > 0))
        and not isinstance(where, bool)
        for known, where in said.items()
    ):
        return said
    raise ValueError(
        "expected the names of all columns in a list, or a mapping such as {key: NAME, time_ms: 2} "
        "of what is read to columns' names or numbers (from 1)"
    )


def _operations(said: object) -> object:
    if isinstance(said, str) and said in CODES:
        return dict(CODES[said])
    if isinstance(said, dict) and all(
        isinstance(code, str | int) and not isinstance(code, bool) and isinstance(name, str)
        for code, name in said.items()
    ):
        codes = {str(code): name for code, name in said.items()}
        by_codes(codes)
        return codes
    raise ValueError(
        f"expected a mapping of codes to operations such as {{0: get, 1: set}}, or one of "
        f"{', '.join(CODES)}"
    )


class TraceFile(Configuration):
    """A file with a trace; formats are told apart by how a file begins if none is named."""

    kind: Literal["trace"]
    path: Annotated[
        str,
        Field(min_length=1, description="file, plain, gzip or zstd, from the experiment's folder"),
    ]
    format: Annotated[
        Annotated[str, AfterValidator(_known)] | None,
        Field(description="name of its format; default: recognised"),
    ] = None
    skip_damaged: Annotated[
        int, Field(ge=0, le=10**9, description="skip so many lines that are not of the format")
    ] = 0
    columns: Annotated[
        list[str] | dict[str, str | int],
        BeforeValidator(_columns),
        Field(
            description="names of its columns in order; or a mapping of what is read to a column's "
            "name, number, key of an object or directive of a log format"
        ),
    ] = []  # noqa: RUF012 - pydantic copies it
    unit: Annotated[
        Annotated[Unit, BeforeValidator(_unit)] | None,
        Field(description="of times whose column does not say; of an access log's last field"),
    ] = None
    log_format: Annotated[
        Annotated[str, Field(min_length=1)] | None,
        Field(description="of an access log: Apache's LogFormat or NGINX's log_format"),
    ] = None
    operations: Annotated[
        dict[str, str],
        BeforeValidator(_operations),
        Field(description="of keys: what codes of operations mean, as {0: get, 1: set}"),
    ] = {}  # noqa: RUF012 - pydantic copies it
    rate: Annotated[
        Rate | None, Field(description="of records that have no times: how many come a second")
    ] = None
    sha256: Annotated[
        Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None,
        Field(description="of the file's bytes, so that no other is read; default: any"),
    ] = None

    @model_validator(mode="after")
    def _log_format_is_one(self) -> TraceFile:
        if self.log_format is not None:
            try:
                log_pattern(self.reading.fields)
            except SaidError as error:
                raise ValueError(str(error)) from None
        return self

    @property
    def reading(self) -> Reading:
        """How the file is to be read."""
        return Reading(self.format, self.skip_damaged, Fields.of(vars(self)), self.sha256)
