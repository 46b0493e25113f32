"""What a micro-benchmark is asked to do."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.configuration import Configuration
from sim.units import Bytes, Duration, Ratio
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import PAGE_BYTES
from workloads.running.simulated_time import check_length

MOST_SIZES = 10_000


class SizeRange(Configuration):
    """Sizes from ``first`` to ``last``, both included."""

    first: Annotated[Bytes, Field(ge=PAGE_BYTES, description="the smallest")]
    last: Annotated[Bytes, Field(ge=PAGE_BYTES, le=MOST_BYTES, description="the largest")]
    step: Annotated[Bytes, Field(ge=PAGE_BYTES, description="from one to the next")]

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.last < self.first:
            raise ValueError("the last size lies below the first: expected it above")
        if (self.last - self.first) // self.step >= MOST_SIZES:
            raise ValueError(f"a range of more than {MOST_SIZES} sizes: expected a longer step")
        return self

    def sizes(self) -> list[int]:
        """The sizes, in bytes."""
        return list(range(self.first, self.last + 1, self.step))


Size = Annotated[Bytes, Field(ge=PAGE_BYTES, le=MOST_BYTES)]


class MicrobenchConfig(Configuration):
    """Programs that do nothing but fill memory and fork, one or several at once."""

    kind: Literal["microbench"]
    program: Annotated[
        Literal["fork_loop", "first_write", "fork_and_access"],
        Field(
            description="fork_loop: map, fill, fork, child exits, wait, unmap, next size; "
            "first_write: the child's first write, in the middle of the region; "
            "fork_and_access: the parent goes through the region after the fork, by memcpys"
        ),
    ] = "fork_loop"
    sizes: Annotated[
        Annotated[list[Size], Field(min_length=1, max_length=MOST_SIZES)] | SizeRange,
        Field(description="memory that is filled before each fork, one size after the other"),
    ]
    instances: Annotated[
        int, Field(ge=1, le=256, description="how many such programs run, unsynchronised")
    ] = 1
    start_spread: Annotated[
        Duration, Field(description="each instance starts at a random moment within this time")
    ] = 0
    start_gap: Annotated[
        Duration, Field(description="and each this much later than the one before it")
    ] = 0

    buffer: Annotated[
        Bytes, Field(ge=PAGE_BYTES, le=MOST_BYTES, description="fork_and_access: bytes of a memcpy")
    ] = 32 * 2**20
    reads: Annotated[
        Ratio, Field(description="fork_and_access: share of the memcpys that read the region")
    ] = 0.0

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        last_ns = self.start_spread + self.instances * self.start_gap
        check_length("until the last instance starts", last_ns)
        return self

    def size_list(self) -> list[int]:
        """The sizes, in bytes, in the order they are tried."""
        return self.sizes.sizes() if isinstance(self.sizes, SizeRange) else self.sizes
