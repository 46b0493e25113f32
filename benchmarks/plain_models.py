"""What is simulated, in plain SimPy: one process a request and `simpy.Resource`, as one writes it.

Each returns how much it has done, by which its time is divided.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import simpy

Process = Generator[simpy.Event, Any, None]


def closed_loop(outstanding: int, service_ns: int, requests: int) -> int:
    """Requests of a closed loop at one server, until so many are served."""
    environment = simpy.Environment()
    server = simpy.Resource(environment)
    latencies: list[float] = []

    def client() -> Process:
        while len(latencies) < requests:
            sent = environment.now
            with server.request() as turn:
                yield turn
                yield environment.timeout(service_ns)
            latencies.append(environment.now - sent)

    for _ in range(outstanding):
        environment.process(client())
    environment.run()
    return len(latencies)


def served(arrivals_ns: Iterable[float], service_ns: int) -> int:
    """Requests that come to one server at their own times."""
    environment = simpy.Environment()
    server = simpy.Resource(environment)
    latencies: list[float] = []

    def request() -> Process:
        sent = environment.now
        with server.request() as turn:
            yield turn
            yield environment.timeout(service_ns)
        latencies.append(environment.now - sent)

    def clients() -> Process:
        for at_ns in arrivals_ns:
            yield environment.timeout(at_ns - environment.now)
            environment.process(request())

    environment.process(clients())
    environment.run()
    return len(latencies)


def open_loop(rate_per_s: float, service_ns: int, requests: int) -> int:
    """Poisson arrivals at one server."""
    gaps = random.Random(1)  # noqa: S311 - a simulation
    at_ns, times = 0.0, []
    for _ in range(requests):
        at_ns += gaps.expovariate(rate_per_s / 1e9)
        times.append(at_ns)
    return served(times, service_ns)


def replay(path: Path, service_ns: int, requests: int) -> int:
    """The first commands of a MONITOR log, read line by line, at one server."""
    times: list[float] = []
    with path.open() as lines:
        for line in lines:
            words = line.split(" ")
            if len(words) > 3:
                times.append(float(words[0]) * 1e9)
            if len(times) == requests:
                break
    return served([at_ns - times[0] for at_ns in times], service_ns)


def web(connections: int, servers: int, service_ns: tuple[int, int], requests: int) -> int:
    """Connections that send again when they have a response, to so many workers (or cores)."""
    environment = simpy.Environment()
    server = simpy.Resource(environment, servers)
    times = random.Random(1)  # noqa: S311 - a simulation
    latencies: list[float] = []

    def connection() -> Process:
        while len(latencies) < requests:
            sent = environment.now
            with server.request() as turn:
                yield turn
                yield environment.timeout(times.randrange(*service_ns))
            latencies.append(environment.now - sent)

    for _ in range(connections):
        environment.process(connection())
    environment.run()
    return len(latencies)


def replay_web(path: Path, workers: int, rate_per_s: float) -> int:
    """An access log with service times in microseconds, read line by line, sent at a rate."""
    environment = simpy.Environment()
    server = simpy.Resource(environment, workers)
    latencies: list[float] = []

    def request(service_ns: float) -> Process:
        sent = environment.now
        with server.request() as turn:
            yield turn
            yield environment.timeout(service_ns)
        latencies.append(environment.now - sent)

    def clients() -> Process:
        with path.open() as lines:
            for number, line in enumerate(lines):
                yield environment.timeout(number * 1e9 / rate_per_s - environment.now)
                environment.process(request(float(line.rsplit(" ", 1)[1]) * 1e3))

    environment.process(clients())
    environment.run()
    return len(latencies)


def fork(pages: int) -> int:
    """One fork under the mm lock, which looks at every page; the pages."""
    environment = simpy.Environment()
    lock = simpy.Resource(environment)
    mapped, writable = [1] * pages, [True] * pages

    def parent() -> Process:
        with lock.request() as turn:
            yield turn
            for page in range(pages):
                mapped[page] += 1
                writable[page] = False
            yield environment.timeout(20 * pages)

    environment.process(parent())
    environment.run()
    return len(mapped)


def touch(pages: int, touches: int) -> int:
    """Writes of random pages, each of which takes a fault if it is the first."""
    environment = simpy.Environment()
    chosen = random.Random(1)  # noqa: S311 - a simulation
    writable = [False] * pages

    def program() -> Process:
        for _ in range(touches):
            page = chosen.randrange(pages)
            if not writable[page]:
                yield environment.timeout(2300)
                writable[page] = True

    environment.process(program())
    environment.run()
    return touches


def fuzz(
    duration_ns: int, steps_ns: tuple[int, int, int], *, servers: int = 1, of_machine: int = 16
) -> int:
    """Inputs of some fork servers, a process each: fork, run, exit, of so long; the inputs."""
    fork_ns, run_ns, exit_ns = steps_ns
    environment = simpy.Environment()
    cores = simpy.Resource(environment, of_machine)
    ended: list[float] = []

    def child() -> Process:
        with cores.request() as turn:
            yield turn
            yield environment.timeout(run_ns)
            yield environment.timeout(exit_ns)

    def server() -> Process:
        while environment.now < duration_ns:
            yield environment.timeout(fork_ns)
            yield environment.process(child())
            ended.append(environment.now)

    for _ in range(servers):
        environment.process(server())
    environment.run()
    return len(ended)


def servers(count: int, cores: int, rate_per_s: float, service_ns: int, seconds: float) -> int:
    """Servers of a thread each, with open loops of their own, on shared cores."""
    environment = simpy.Environment()
    core = simpy.Resource(environment, cores)
    latencies: list[float] = []

    def request(thread: simpy.Resource) -> Process:
        sent = environment.now
        with thread.request() as turn:
            yield turn
            with core.request() as running:
                yield running
                yield environment.timeout(service_ns)
        latencies.append(environment.now - sent)

    def clients(generator: random.Random) -> Process:
        thread = simpy.Resource(environment)
        while environment.now < seconds * 1e9:
            yield environment.timeout(generator.expovariate(rate_per_s / 1e9))
            environment.process(request(thread))

    for number in range(count):
        environment.process(clients(random.Random(number)))  # noqa: S311 - a simulation
    environment.run()
    return len(latencies)


def bursts(tasks: int, cores: int, each: int) -> int:
    """Tasks that work 10 us and pause 1 us, again and again, on shared cores."""
    environment = simpy.Environment()
    core = simpy.Resource(environment, cores)

    def life(number: int) -> Process:
        for _ in range(each):
            with core.request() as running:
                yield running
                yield environment.timeout(10_000 + number)
            yield environment.timeout(1000 + 7 * number)

    for number in range(tasks):
        environment.process(life(number))
    environment.run()
    return tasks * each


def fault(threads: int, faults: int) -> int:
    """Faults of the threads of one process, each on a core and under a lock that readers share."""
    environment = simpy.Environment()
    cores = simpy.Resource(environment, 16)
    lock = simpy.Container(environment, threads, init=threads)
    writable = [False] * faults

    def thread(pages: range) -> Process:
        for page in pages:
            yield lock.get(1)
            with cores.request() as turn:
                yield turn
                yield environment.timeout(2300)
            writable[page] = True
            yield lock.put(1)

    for number in range(threads):
        environment.process(thread(range(number, faults, threads)))
    environment.run()
    return sum(writable)
