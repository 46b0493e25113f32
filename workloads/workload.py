"""What a program offers to those who run it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel

from models.kernel.kernel import Kernel
from sim.machine.streams import Streams
from sim.measures.recording import Recording
from workloads.running.demands import Demand
from workloads.running.program import Program, play
from workloads.running.setup import Setup
from workloads.running.simulated_time import check_length


class MisfitError(ValueError):
    """A field of a program's configuration does not fit the trace that it is for.

    Attributes:
        way: the keys to it, from the program's configuration on.
    """

    def __init__(self, way: tuple[str | int, ...], text: str) -> None:
        super().__init__(text)
        self.way = way


def check_fit(way: tuple[str | int, ...], what: str, expected_ns: float) -> None:
    """`check_length` of what follows from a field and a trace.

    Raises:
        MisfitError: it takes too long.
    """
    try:
        check_length(what, expected_ns)
    except ValueError as error:
        raise MisfitError(way, str(error)) from None


class Scope(NamedTuple):
    """What of a real program is simulated, in sentences for people.

    Attributes:
        simulated: what it does.
        left_out: what of it does nothing here.
    """

    simulated: str = ""
    left_out: str = ""


class Workload(ABC):
    """A program that an experiment can run.

    The first line of its docstring is what `forksim list` says of it.

    Attributes:
        name: its ``kind`` in an experiment.
        Config: its configuration; a field ``kind`` has the name as its only value.
        trace: the kind of trace that can drive it; of a program without traces any.
        scope: what of the real program it has.
        example: a configuration as an experiment's YAML has it, simulated in a few seconds.
    """

    name: ClassVar[str]
    Config: type[BaseModel]
    trace: ClassVar[type] = object
    scope: ClassVar[Scope] = Scope()
    example: ClassVar[str] = ""

    @abstractmethod
    def start(self, config: Any, kernel: Kernel, streams: Streams) -> Program:
        """The program, ready to run beside others.

        Args:
            config: an instance of ``Config``.
            kernel: of the machine that it runs on.
            streams: its random numbers.

        Raises:
            TraceError: a trace cannot be used.
        """

    def run(self, config: Any, setup: Setup) -> Recording:
        """One repetition: the program alone on a machine."""
        kernel = setup.kernel()
        (recording,) = play(kernel, self.start(config, kernel, setup.streams()))
        return recording

    def beside_others(self, config: Any) -> Any:
        """The configuration of the program as one of a mix."""
        return config

    def check(self, config: Any, setup: Setup) -> None:
        """Look whether a configuration fits its traces and the machine; nothing is simulated.

        Raises:
            TraceError: a trace cannot be run.
            MisfitError: a field does not fit it.
        """
        del config, setup

    def demands(self, config: Mapping[str, Any]) -> Iterator[Demand]:
        """What a configuration (plain data) takes: memory that it fills, results that it leaves."""
        del config
        yield from ()

    def remarks(self, config: Mapping[str, Any]) -> Iterator[str]:
        """What a configuration (plain data) asks for that will not happen, in sentences."""
        del config
        yield from ()

    def most_at_once(self, config: Mapping[str, Any]) -> int:
        """How many processes and threads of a configuration (plain data) may want a core at once.

        A parent that waits for its child wants none.
        """
        del config
        return 1

    def children_exit_at_once(self, config: Mapping[str, Any]) -> bool:
        """Whether the children of a configuration (plain data) exit or exec at once.

        Such children may run in their parent's memory until then.
        """
        del config
        return False
