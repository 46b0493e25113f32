"""Mix: several programs side by side on one machine, each with its own results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Union

from pydantic import Field, create_model

from models.kernel.kernel import Kernel
from models.kernel.memory_log import of_machine
from sim.configuration import Configuration
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.measures.common_metrics import MEMORY_PEAK
from sim.measures.recording import Recording
from workloads.running.program import Program, at_once, life, play
from workloads.running.setup import Setup
from workloads.workload import MisfitError, Scope, Workload

MOST_PROGRAMS = 64

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
_FIELD = Field(
    min_length=1, max_length=MOST_PROGRAMS, description="programs by a name that their results get"
)


class AnyMix(Configuration):
    """Programs that start together on one machine, under one fork."""

    kind: Literal["mix"]
    programs: Mapping[str, Any]


def mix_config(name: str, module: str, programs: Sequence[Workload]) -> type[AnyMix]:
    """The configuration of mixes of these programs.

    Args:
        name: of the class, and of the global of the module that holds it, so that workers find it.
        module: the module's name.
        programs: what a mix can be of, several of one kind too.
    """
    configs = tuple(program.Config for program in programs)
    one: Any = Annotated[
        Union[configs],  # noqa: UP007 - made at run time
        Field(discriminator="kind"),
    ]
    return create_model(
        name,
        __base__=AnyMix,
        __doc__=AnyMix.__doc__,
        __module__=module,
        programs=(Annotated[dict[_Name, one], _FIELD], ...),
    )


class Mix(Workload):
    """Mix: several programs side by side on one machine, each with its own results."""

    name = "mix"
    Config: type[AnyMix]
    scope = Scope(
        "Programs that start together and share cores, memory bandwidth and memory under one "
        "fork; each has results of its own.",
        "Programs that talk to each other.",
    )
    example = (
        "{kind: mix, programs: {cache: {kind: redis, dataset: 1GiB, clients: {kind: open, "
        "rate: 20k/s}, service: 14us, snapshot: {every: 500ms, save_rate: 4GiB}, duration: 2s}, "
        "fuzzer: {kind: afl, target: 1GiB, run: 1ms, duration: 2s}}}"
    )

    def __init__(self, programs: Sequence[Workload], config: type[AnyMix]) -> None:
        """A mix of `programs`, whose configuration is `config`."""
        self._programs = {program.name: program for program in programs}
        self.Config = config

    def start(self, config: AnyMix, kernel: Kernel, streams: Streams) -> Program:
        """All programs, from now on; each draws random numbers of its own."""
        parts: dict[str, Recording] = {}

        def part(name: str, program: Program) -> Activity:
            parts[name] = yield from life(kernel, program)

        programs = {
            name: self._started(name, own, kernel, streams.within(name))
            for name, own in config.programs.items()
        }
        return Program(
            [part(name, program) for name, program in programs.items()],
            lambda: Recording(parts={name: parts[name] for name in programs}),
            at_once=at_once(programs.values()),
        )

    def run(self, config: AnyMix, setup: Setup) -> Recording:
        """See `Workload.run`; beside the programs' own results, what memory all took."""
        kernel = setup.kernel()
        (recording,) = play(kernel, self.start(config, kernel, setup.streams()))
        return recording.add(
            series={"memory": of_machine(kernel.books.logs.values())},
            levels={MEMORY_PEAK: kernel.books.peak_bytes},
        )

    def check(self, config: AnyMix, setup: Setup) -> None:
        """See `Workload.check`."""
        for name, own in config.programs.items():
            try:
                self._programs[own.kind].check(own, setup)
            except MisfitError as misfit:
                raise MisfitError(("programs", name, *misfit.way), str(misfit)) from None

    def _started(self, name: str, own: Any, kernel: Kernel, streams: Streams) -> Program:
        """A program beside others, and which memory is its own."""
        before = len(kernel.books.memories)
        with kernel.machine.naming_after(name):
            workload = self._programs[own.kind]
            program = workload.start(workload.beside_others(own), kernel, streams)
        return replace(program, memories=kernel.books.memories[before:])
