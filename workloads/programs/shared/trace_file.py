"""How an experiment names a trace, and says how it is to be read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from sim.configuration import Configuration
from workloads.traces.reading.fields import PLACES, Fields, Unit
from workloads.traces.registry import FORMATS, Reading


def _known(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"expected one of {', '.join(FORMATS)}")
    return name


def _unit(name: object) -> object:
    if not isinstance(name, str) or name not in PLACES:
        raise ValueError(f"expected one of {', '.join(PLACES)}")
    return name


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
        list[str],
        Field(description="names of its columns in order; of a log, of the fields behind the size"),
    ] = []  # noqa: RUF012 - pydantic copies it
    unit: Annotated[
        Annotated[Unit, BeforeValidator(_unit)] | None,
        Field(description="of times whose column does not say; of an access log's last field"),
    ] = None

    @property
    def reading(self) -> Reading:
        """How the file is to be read."""
        return Reading(self.format, self.skip_damaged, Fields(tuple(self.columns), self.unit))
