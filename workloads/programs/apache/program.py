"""The Apache program as an experiment runs it."""

from __future__ import annotations

from models.kernel.kernel import Kernel
from sim.machine.streams import Streams
from sim.measures.recording import Recording
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.closed_loop import ClientThreads
from workloads.programs.apache.config import ClosedLoop, Config
from workloads.programs.apache.open_loop import TracedClients
from workloads.programs.apache.pool import WorkerPool
from workloads.running.program import Program, play
from workloads.running.setup import Setup
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.registry import open_as


def start(config: Config, kernel: Kernel, streams: Streams, *, alone: bool = False) -> Program:
    """Fork the workers, serve the clients until they are done, and say what they saw.

    ``alone`` on the machine it is simulated faster, with the same results.

    Raises:
        TraceError: the trace cannot be used.
    """
    pool = WorkerPool(config, kernel, _clients(config, kernel, streams, alone=alone), streams)
    return Program([pool.live()], pool.recording)


def run(config: Config, setup: Setup) -> Recording:
    """`start`, alone on a machine."""
    kernel = setup.kernel()
    (result,) = play(kernel, start(config, kernel, setup.streams(), alone=True))
    return result


def _clients(config: Config, kernel: Kernel, streams: Streams, *, alone: bool) -> Clients:
    clients = config.clients
    if isinstance(clients, ClosedLoop):
        return ClientThreads(config, clients, kernel, streams, alone=alone)
    trace = open_as(AccessTrace, clients.path)
    return TracedClients(config, clients, trace, kernel.machine.clock, streams)
