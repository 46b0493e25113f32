"""Requests that have arrived and were left behind, by the iteration that will read them."""

from __future__ import annotations

from array import array

import numpy as np

from sim.arrays import IntArray
from workloads.programs.redis.requests import READ_BYTES

_NEVER = -1


class Backlog:
    """Requests by the pass of their connection that reads them, known when they arrive.

    A pass of a connection reads its requests in order, up to `READ_BYTES`, and every iteration
    makes one of each connection that has any. So a request that arrives before the next iteration
    is read by the one that reads the request before it on its connection if it still fits into that
    pass, else by the next one: whatever waits, it is looked at once, and iterations are lists.

    Passes are counted from the next iteration on, which is 0; requests have ascending numbers.
    """

    def __init__(self) -> None:
        self._done = 0
        self._passes: dict[int, array[int]] = {}
        self._last: dict[int, int] = {}
        self._room: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._passes)

    @property
    def oldest(self) -> int:
        """The lowest number of those that wait."""
        return self._passes[self._done][0]

    def arrive(self, first: int, connections: IntArray, sizes: IntArray) -> None:
        """Add requests that arrive before the next iteration, in order of arrival.

        Args:
            first: the number of the first; the others' follow.
            connections: int64 [n].
            sizes: int64 [n], bytes.
        """
        following, passes, last, room = self._done, self._passes, self._last, self._room
        requests = zip(connections.tolist(), sizes.tolist(), strict=True)
        for number, (connection, size) in enumerate(requests, first):
            reads = last.get(connection, _NEVER)
            # A request longer than a pass takes several; it is served as if it fitted alone.
            if reads < following:
                reads, left = following, READ_BYTES - size
            elif size <= (left := room[connection]):
                left -= size
            else:
                reads, left = reads + 1, READ_BYTES - size
            last[connection], room[connection] = reads, left
            if reads in passes:
                passes[reads].append(number)
            else:
                passes[reads] = array("q", (number,))

    def passes(self, most: int) -> tuple[IntArray, IntArray]:
        """The next passes that read at most so many requests together, and at least one pass.

        Returns:
            The requests' numbers, in order of service, and how many are read by each pass's end.
        """
        found: list[array[int]] = []
        ends: list[int] = []
        end, number = 0, self._done
        while (read := self._passes.get(number)) is not None and (not found or end < most):
            end += len(read)
            if found and end > most:
                break
            found.append(read)
            ends.append(end)
            number += 1
        return np.concatenate(found), np.array(ends)

    def last_passes(self, connections: IntArray) -> IntArray:
        """The last known pass of each connection; below 0 if nothing of it waits."""
        last = [self._last.get(connection, _NEVER) for connection in connections.tolist()]
        return np.array(last, np.int64) - self._done

    def drop(self, passes: int) -> None:
        """So many passes are served."""
        for number in range(self._done, self._done + passes):
            del self._passes[number]
        self._done += passes
