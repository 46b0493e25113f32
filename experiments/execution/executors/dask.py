"""Points simulated on a Dask cluster, which brings work to many machines and survives their loss.

A point's record travels as bytes and is written to the store by the process that asked for it, so
only that one needs the store. There are never more points at the cluster than it has threads:
whoever waits in a queue behind a point that kills its worker would be taken for its accomplice.
"""

from __future__ import annotations

import logging
import os
import re
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, get_worker
from distributed.security import Security

from experiments.execution.executors.attempt import Attempt, attempt, in_one_line, keep
from experiments.execution.executors.interface import (
    Event,
    Events,
    PointEnd,
    PointLimits,
    PointRetry,
    PointStart,
)
from experiments.execution.executors.tls import TlsFiles
from experiments.language.errors import InputError, Position, shown
from experiments.planning.model_version import model_version
from experiments.planning.points import Point
from results.records.store import Store

_PATIENCE_S = 10.0
"""How long a scheduler may take to answer."""

_TICK_S = 0.5
"""How often to look at the clock, and after the size of the cluster."""

_MOST_DEATHS = 2
"""Deaths of workers that a point may have begun on; the local cluster's scheduler knows it too."""

_Begun: TypeAlias = tuple[int, str]
"""A point's place and the address of the worker that has begun with it."""


def cluster(address: str, limits: PointLimits, tls: TlsFiles | None = None) -> DaskCluster:
    """The cluster at ``tcp://HOST:PORT``, or ``local[:N]``, one of N processes that is set up here.

    Raises:
        InputError: not an address, nobody answers there, or a file for TLS is none.
    """
    position = Position("--scheduler")
    if match := re.fullmatch(r"local(?::([1-9][0-9]{0,2}))?", address):
        return DaskCluster(int(match[1]) if match[1] else None, limits)
    if not re.fullmatch(r"(tcp|tls)://[^\s/]+:[0-9]{1,5}", address):
        expected = "expected an address such as tcp://HOST:8786, or local:2"
        raise InputError.at(position, f"{shown(address)}: {expected}")
    security = _security(tls)
    encrypted = address.startswith("tls://")
    if encrypted and security.get_connection_args("client")["ssl_context"] is None:
        expected = "expected with tls://, unless Dask's own configuration says it"
        raise InputError.at(Position("--tls-ca"), f"missing: {expected}")
    try:
        with _connected(address, security):
            pass
    except (OSError, ValueError):
        trusted = ", one that trusts the certificate and is trusted" if encrypted else ""
        expected = f"expected a running Dask scheduler{trusted}"
        raise InputError.at(position, f"{address}: cannot be reached: {expected}") from None
    return DaskCluster(address, limits, security)


def _security(tls: TlsFiles | None) -> Security:
    """How connections are encrypted; as Dask's configuration says if no files are named.

    Raises:
        InputError: the files are not PEM, or the key is that of another certificate.
    """
    if tls is None:
        return Security()
    security = Security(
        tls_ca_file=tls.ca,
        tls_client_cert=tls.cert,
        tls_client_key=tls.key,
        require_encryption=True,
    )
    try:
        security.get_connection_args("client")
    except OSError as error:  # ssl.SSLError
        files = ", ".join(filter(None, (tls.ca, tls.cert, tls.key)))
        reason = f"{error.strerror or error}: expected PEM, and the certificate's own key"
        raise InputError.at(Position("--tls-cert"), f"{files}: {reason}") from None
    return security


class DaskCluster:
    """An `Executor` on the workers of a Dask scheduler."""

    def __init__(
        self, where: str | int | None, limits: PointLimits, security: Security | None = None
    ) -> None:
        """Use the scheduler at an address, or set up a cluster of so many local processes."""
        self._where = where
        self._limits = limits
        self._security = security

    def run(self, points: Sequence[Point], store: Store) -> Events:
        """See `Executor.run`."""
        with (
            _connected(self._where, self._security) as client,
            closing(_Campaign(client, points)) as campaign,
        ):
            while not campaign.over:
                campaign.submit()
                for event in campaign.news(self._limits):
                    if isinstance(event, AttemptReturn):
                        outcome = keep(event.tried, points[event.place], store)
                        yield PointEnd(event.place, outcome.wall_s, outcome.failure)
                    else:
                        yield event


@dataclass(frozen=True)
class AttemptReturn:
    """A point has come back.

    Attributes:
        place: which of the given points.
        tried: its record or why there is none.
    """

    place: int
    tried: Attempt


class _Campaign:
    """The points of a run and what the cluster has said of them."""

    def __init__(self, client: Client, points: Sequence[Point]) -> None:
        self._client = client
        self._points = points
        self._topic = f"forksim-{uuid.uuid4().hex}"
        self._heard: SimpleQueue[_Begun | int] = SimpleQueue()
        self._waiting = deque(range(len(points)))
        self._futures: dict[int, Future[Attempt]] = {}
        self._begun: dict[int, tuple[str, float]] = {}
        self._begins = [0] * len(points)
        self._submitted = [0] * len(points)
        self._threads = 0
        self._counted_at = float("-inf")
        client.subscribe_topic(self._topic, lambda event: self._heard.put(tuple(event[1])))

    @property
    def over(self) -> bool:
        """Whether every point has come back."""
        return not self._waiting and not self._futures

    def submit(self) -> None:
        """Give the cluster as many points as it has threads."""
        if time.monotonic() - self._counted_at > _TICK_S:
            self._threads = sum(self._client.nthreads().values())
            self._counted_at = time.monotonic()
        # One if there is no worker yet: a cluster that grows on demand must see some.
        while self._waiting and len(self._futures) < max(1, self._threads):
            place = self._waiting.popleft()
            self._submitted[place] += 1
            future = self._client.submit(
                _simulate,
                self._points[place],
                place,
                self._topic,
                key=f"{self._topic}-{place}-{self._submitted[place]}",
            )
            self._futures[place] = future
            future.add_done_callback(lambda _, place=place: self._heard.put(place))

    def news(self, limits: PointLimits) -> Iterator[Event | AttemptReturn]:
        """What has happened since the last call; waits a moment for something to happen.

        Raises:
            ConnectionError: the scheduler is gone.
        """
        try:
            heard = self._heard.get(timeout=_TICK_S)
        except Empty:
            if self._client.status != "running":
                raise ConnectionError("the Dask scheduler is gone") from None
        else:
            yield from self._begin(*heard) if isinstance(heard, tuple) else self._end(heard)
        if limits.seconds is not None:
            yield from self._stop_those_over(limits.seconds)

    def close(self) -> None:
        """Take back what has not come back."""
        with suppress(Exception):  # the scheduler may be gone
            self._client.unsubscribe_topic(self._topic)
            self._client.cancel(list(self._futures.values()), force=True)

    def _begin(self, place: int, worker: str) -> Iterator[Event]:
        if place not in self._futures:
            return
        self._begins[place] += 1
        if place in self._begun:
            yield PointRetry(place, f"its worker {self._begun[place][0]} died")
        self._begun[place] = worker, time.monotonic()
        yield PointStart(place)

    def _end(self, place: int) -> Iterator[AttemptReturn]:
        future = self._futures.get(place)
        if future is None or not future.done():  # stopped, or lost again with its worker
            return
        if future.cancelled():
            raise ConnectionError("the Dask scheduler is gone")
        error = future.exception()
        if isinstance(error, KilledWorker) and self._was_bystander(place):
            del self._futures[place]
            self._waiting.append(place)
            return
        if error is None:
            tried = future.result()
        elif isinstance(error, KilledWorker):
            tried = Attempt(0.0, None, "every worker that tried it died")
        else:
            tried = Attempt(0.0, None, in_one_line(error))
        yield self._came_back(place, tried)

    def _was_bystander(self, place: int) -> bool:
        return self._begins[place] < _MOST_DEATHS and self._submitted[place] <= _MOST_DEATHS

    def _stop_those_over(self, seconds: float) -> Iterator[AttemptReturn]:
        now = time.monotonic()
        over = [place for place, (_, since) in self._begun.items() if now - since > seconds]
        if not over:
            return
        at_work = self._client.processing()
        for place in over:
            worker, future = self._begun[place][0], self._futures[place]
            if future.key not in at_work.get(worker, ()):
                # Its worker has died: its time begins again with the next one.
                self._begun[place] = worker, float("inf")
                continue
            # Nothing but its process's end stops a function that runs; a nanny starts another.
            self._client.cancel([future], force=True)
            with suppress(OSError):  # gone already
                self._client.run(os._exit, 1, workers=[worker], on_error="ignore")
            reason = f"was stopped after {seconds:g} s (--timeout)"
            yield self._came_back(place, Attempt(seconds, None, reason))

    def _came_back(self, place: int, tried: Attempt) -> AttemptReturn:
        del self._futures[place]
        self._begun.pop(place, None)
        return AttemptReturn(place, tried)


def _simulate(point: Point, place: int, topic: str) -> Attempt:
    """What a worker does with a point."""
    worker = get_worker()
    worker.log_event(topic, (place, worker.address))
    if model_version() != point.model:
        return Attempt(0.0, None, f"{worker.address} has another version of forksim's model")
    return attempt(point)


@contextmanager
def _connected(where: str | int | None, security: Security | None) -> Iterator[Client]:
    """A client of the scheduler at an address, or of a new cluster of so many local processes."""
    # Dask sets the level of each; what matters of their news is told by the run itself.
    for name in ["distributed", "tornado.general", *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    if isinstance(where, str):
        with Client(where, timeout=_PATIENCE_S, security=security, set_as_default=False) as client:
            yield client
        return
    own: dict[str, Any] = {"distributed.scheduler.allowed-failures": _MOST_DEATHS - 1}
    with (
        dask.config.set(own),
        LocalCluster(
            n_workers=where,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as workers,
        Client(workers, set_as_default=False) as client,
    ):
        yield client
