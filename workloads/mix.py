"""Mix: several programs side by side on one machine, each with its own results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from models.kernel.kernel import Kernel
from models.kernel.memory_log import of_machine
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.measures.recording import Recording
from workloads.running.program import Program, life, play, started
from workloads.running.setup import Setup
from workloads.single import PROGRAMS

NAME = "mix"
MOST_PROGRAMS = 64


class Mix(BaseModel):
    """Programs that start together on one machine, under one fork."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: Literal["mix"]
    programs: Mapping[str, BaseModel]


_NAME = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
_PROGRAM: Any = Annotated[
    Union[tuple(workload.Config for workload in PROGRAMS.values())],  # noqa: UP007 - made at run time
    Field(discriminator="kind"),
]
_FIELD = Field(
    min_length=1, max_length=MOST_PROGRAMS, description="programs by a name that their results get"
)

Config = create_model(
    "Config",
    __base__=Mix,
    __doc__=Mix.__doc__,
    __module__=__name__,
    programs=(Annotated[dict[_NAME, _PROGRAM], _FIELD], ...),
)


def start(config: Mix, kernel: Kernel, streams: Streams) -> Program:
    """All programs, from now on; each draws random numbers of its own.

    Raises:
        TraceError: a trace cannot be used.
    """
    parts: dict[str, Recording] = {}

    def part(name: str, program: Program) -> Activity:
        parts[name] = yield from life(kernel, program)

    programs = {
        name: started(PROGRAMS[own.kind], own, kernel, streams.within(name))  # type: ignore[attr-defined]
        for name, own in config.programs.items()
    }
    return Program(
        [part(name, program) for name, program in programs.items()],
        lambda: Recording(parts={name: parts[name] for name in programs}),
    )


def check(config: Mix, setup: Setup) -> None:
    """Look whether every program's trace can be used, before anything is simulated.

    Raises:
        TraceError: one cannot.
    """
    for own in config.programs.values():
        program = PROGRAMS[own.kind]  # type: ignore[attr-defined]
        if hasattr(program, "check"):
            program.check(own, setup)


def run(config: Mix, setup: Setup) -> Recording:
    """`start`, alone on a machine; beside the programs' own results, what memory all took."""
    kernel = setup.kernel()
    (result,) = play(kernel, start(config, kernel, setup.streams()))
    result.series["memory"] = of_machine(kernel.logs.values())
    result.levels["memory_bytes_peak"] = kernel.peak_bytes
    return result
