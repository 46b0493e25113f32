"""The Redis program as an experiment runs it."""

from __future__ import annotations

from models.kernel.kernel import Kernel
from sim.machine.streams import Streams
from sim.measures.recording import Recording
from workloads.programs.redis.closed_loop import ClosedLoopClients
from workloads.programs.redis.config import ClosedLoop, Config, OpenLoop
from workloads.programs.redis.open_loop import OpenLoopClients, generated_arrivals, traced_arrivals
from workloads.programs.redis.requests import RequestSource
from workloads.programs.redis.server import Server
from workloads.running.program import Program, play
from workloads.running.setup import Setup
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.registry import open_as


def start(config: Config, kernel: Kernel, streams: Streams) -> Program:
    """Load the data set, serve the clients until they are done, and say what they saw.

    Raises:
        TraceError: the trace cannot be used.
    """
    server = Server(config, kernel, _clients(config, streams))
    return Program([server.live()], server.recording)


def run(config: Config, setup: Setup) -> Recording:
    """`start`, alone on a machine."""
    kernel = setup.kernel()
    (result,) = play(kernel, start(config, kernel, setup.streams()))
    return result


def _clients(config: Config, streams: Streams) -> RequestSource:
    clients = config.clients
    if isinstance(clients, ClosedLoop):
        return ClosedLoopClients(config, clients, streams)
    if isinstance(clients, OpenLoop):
        return OpenLoopClients(config.service, generated_arrivals(config, clients, streams))
    trace = open_as(KeyTrace, clients.path)
    return OpenLoopClients(config.service, traced_arrivals(config, clients, trace, streams))
