"""Figure 2's program, three loops of filling and forking at once, simulated for a fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from experiments.calibration.published_curves import curves
from models.costs.profile import Profile
from models.kernel.kernel import Kernel
from models.kernel.scheduling import scheduling_rule
from models.schemes.registry import make_scheme
from models.schemes.rehearsed import Rehearsed, rehearse
from sim.arrays import FloatArray
from sim.machine.machine import Machine
from sim.machine.streams import Streams
from workloads.programs.microbench.config import MicrobenchConfig
from workloads.programs.microbench.program import Microbench
from workloads.running.pages import PAGE_BYTES
from workloads.running.program import play

CORES = 16
RUNS = 10
"""Runs of three instances whose mean is fitted; seeded apart from every experiment."""
SEED = 0
PROGRAM = {
    "kind": "microbench",
    "sizes": {"first": "0.5GiB", "last": "60GiB", "step": "0.5GiB"},
    "instances": 3,
    "start_spread": "2ms",
}
"""As experiments/paper runs it."""


class ConcurrentForks:
    """Figure 2's concurrent curve as simulated with given contention."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._config = MicrobenchConfig.model_validate(PROGRAM)
        sizes_pages = [size // PAGE_BYTES for size in self._config.size_list()]
        self._rounds = rehearse(make_scheme("classic", profile.costs), sizes_pages)

    def __call__(self, values: Mapping[str, float]) -> FloatArray:
        """The mean time of a fork in ns at each published size.

        Args:
            values: what `models.calibration.fits.fit_contention` fits, by name.
        """
        costs = replace(self._profile.costs, fill_jitter=values["fill_jitter"])
        weights = {"fork": {stream: values[stream] for stream in ("fork", "fill", "zap")}}
        runs = []
        for run in range(RUNS):
            machine = Machine(
                CORES,
                weights,
                rule=scheduling_rule(None, self._profile, CORES),
                switch_ns=round(costs.context_switch_ns),
            )
            kernel = Kernel(machine, Rehearsed(make_scheme("classic", costs), self._rounds))
            program = Microbench().start(self._config, kernel, Streams(SEED, run))
            forks = play(kernel, program)[0].series["forks"]
            runs.append(forks["fork_ns"].reshape(self._config.instances, -1))
        sizes = len(curves("fig02")[0])
        curve: FloatArray = np.concatenate(runs)[:, :sizes].mean(axis=0)
        return curve
