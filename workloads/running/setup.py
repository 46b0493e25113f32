"""What a program is run on: machine, fork scheme, random streams of one repetition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.costs.profile import Profile
from models.kernel.kernel import Kernel
from models.kernel.scheduling import SchedulerName, scheduling_rule
from models.schemes.base import Scheme, SchemeOptions
from models.schemes.registry import SCHEMES, make_scheme
from sim.configuration import read_back
from sim.machine.machine import Machine
from sim.machine.spans import SpanWindow
from sim.machine.streams import Streams


@dataclass(frozen=True)
class Setup:
    """Everything around a program for one repetition of an experiment.

    Attributes:
        profile: the machine's costs.
        cores: its number of cores.
        scheme: registry name of the fork scheme.
        seed: the experiment's seed.
        repetition: number of the repetition, from 0.
        spans: keeps who runs where and waits for what, if given.
        options: what else is said of the scheme; its own defaults if nothing is.
        memory_bytes: how much memory the machine has; None if there is no limit.
        scheduler: its rule of scheduling; that of the profile's kernel if it is None.
    """

    profile: Profile
    cores: int
    scheme: str
    seed: int = 0
    repetition: int = 0
    spans: SpanWindow | None = None
    options: SchemeOptions | None = None
    memory_bytes: int | None = None
    scheduler: SchedulerName | None = None

    @classmethod
    def of(cls, fork: Mapping[str, Any], **rest: Any) -> Setup:
        """A setup with the fork of a resolved configuration.

        Args:
            fork: its kind and its options, as plain data.
            rest: the other attributes.
        """
        options = {name: value for name, value in fork.items() if name != "kind"}
        scheme = fork["kind"]
        return cls(scheme=scheme, options=read_back(SCHEMES[scheme].Options, options), **rest)

    def machine(self) -> Machine:
        """A new machine."""
        return Machine(
            self.cores,
            self.profile.contention_weights,
            rule=scheduling_rule(self.scheduler, self.profile, self.cores),
            switch_ns=round(self.profile.costs.context_switch_ns),
            spans=self.spans,
        )

    def kernel(self) -> Kernel:
        """A new machine running a kernel with this setup's fork scheme."""
        return Kernel(self.machine(), self.fork(), self.memory_bytes)

    def fork(self) -> Scheme:
        """The fork scheme."""
        return make_scheme(self.scheme, self.profile.costs, **self.fork_options())

    def fork_options(self) -> dict[str, Any]:
        """The arguments that the fork scheme is made with."""
        options = SCHEMES[self.scheme].Options() if self.options is None else self.options
        return options.arguments()

    def streams(self) -> Streams:
        """The random streams of this repetition."""
        return Streams(self.seed, self.repetition)
