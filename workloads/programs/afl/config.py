"""What fuzzers are asked to do."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.configuration import Configuration
from sim.units import Bytes, Count, Duration, Ratio
from workloads.programs.shared.trace_file import TraceFile
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import PAGE_BYTES
from workloads.running.simulated_time import check_length


class SlowInputs(Configuration):
    """Inputs that take much longer than others: long paths, hangs until the time-out."""

    share: Annotated[Ratio, Field(description="share of the inputs that are slow")]
    run: Annotated[Duration, Field(gt=0, description="the mean time such an input runs longer")]


class MeasuredRates(TraceFile):
    """Execution rates that a fuzzer wrote down: its plot_data or fuzzer_stats."""

    fork: Annotated[
        Literal["classic", "huge", "on_demand"],
        Field(description="the fork it was measured under"),
    ] = "classic"


class Fuzzing(Configuration):
    """What all fuzzing with a fork server has in common."""

    target: Annotated[
        Bytes, Field(ge=PAGE_BYTES, le=MOST_BYTES, description="memory of the initialised target")
    ]
    scattered: Annotated[
        Ratio | None,
        Field(description="share of the target's frames that are scattered; default: fresh fill"),
    ] = None
    run: Annotated[
        Duration | None, Field(gt=0, description="time an input runs, without page faults")
    ] = None
    rates: Annotated[
        MeasuredRates | None,
        Field(description="measured rates, from which the time that inputs run follows"),
    ] = None
    pages: Annotated[
        Count, Field(ge=0, le=10**6, description="pages of the target that an input writes")
    ] = 2
    overhead: Annotated[
        Duration, Field(description="the fuzzer's own work per input: mutate, compare coverage")
    ] = 100_000
    slow: Annotated[
        SlowInputs | None, Field(description="inputs that run longer; default: there are none")
    ] = None
    instances: Annotated[int, Field(ge=1, le=256, description="fuzzers at once")] = 1
    duration: Annotated[
        Duration | None,
        Field(gt=0, description="how long they fuzz; default: as long as was measured"),
    ] = None

    @model_validator(mode="after")
    def _of_one_source(self) -> Self:
        if (self.run is None) == (self.rates is None):
            raise ValueError("expected either run or rates")
        if self.rates is None and self.duration is None:
            raise ValueError("missing: duration: expected how long they fuzz")
        if self.rates is not None and self.slow is not None:
            raise ValueError("measured rates have their slow inputs already: expected no slow")
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        # The last input begins before the end; a slow one takes 40 times the mean once in 10^17.
        slow_ns = 40 * self.slow.run if self.slow else 0
        last_ns = (self.run or 0) + slow_ns + self.overhead
        check_length("duration and the last input", (self.duration or 0) + last_ns)
        return self


class AflConfig(Fuzzing):
    """AFL on a program with a large initialised state, through its fork server."""

    kind: Literal["afl"]
