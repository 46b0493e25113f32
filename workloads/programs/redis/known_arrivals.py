"""The part of an open loop's requests that is held: those that wait, and those that come next."""

from __future__ import annotations

from collections.abc import Iterator

from sim.arrays import IntArray
from workloads.programs.redis.arrivals import PIECE_PAGES, PIECE_REQUESTS, Arrivals

_FETCHED_SHARE = 4
"""Of many that are held at least this part is fetched at once: then moving them together takes time
in proportion to how many come."""


class KnownArrivals:
    """Requests from the oldest that waits to some that come later; numbers count from the first.

    Attributes:
        requests: the columns of all that are held.
        next: where in them those begin that nobody has been given yet.
        complete: whether there are no others to come.
    """

    def __init__(self, arrivals: Iterator[Arrivals]) -> None:
        self._more = arrivals
        self._first_number = 0
        self._last_ns = -1
        self.requests = Arrivals.none()
        self.next = 0
        self.complete = False

    @property
    def ahead(self) -> int:
        """How many nobody has been given yet."""
        return len(self.requests) - self.next

    @property
    def next_number(self) -> int:
        """The number of the next of these."""
        return self._first_number + self.next

    def numbered(self, numbers: IntArray) -> Arrivals:
        """Requests that are held, by their numbers."""
        return self.requests.take(numbers - self._first_number)

    def forget(self) -> None:
        """Nothing that is held is needed, and others come than those."""
        self._first_number += self.next
        self.requests, self.next, self._last_ns = Arrivals.none(), 0, -1

    def receive(self, now_ns: int, oldest: int) -> None:
        """Hold enough to look ahead, and all that arrive before a loop that is free now goes on.

        Args:
            now_ns: so late.
            oldest: the lowest number of those that are still needed.
        """
        while not self.complete and self._are_few(now_ns):
            gone = oldest - self._first_number
            self.next -= gone
            self._first_number = oldest
            self.requests = Arrivals.joined(self._held_and_fetched(now_ns, gone))

    def _are_few(self, now_ns: int) -> bool:
        requests, following = self.requests, self.next
        ahead = len(requests) - following
        if not ahead or self._last_ns <= now_ns or requests.at_ns[following] == self._last_ns:
            return True
        if ahead >= PIECE_REQUESTS:
            return False
        return bool(requests.writes_from[-1] - requests.writes_from[following] < PIECE_PAGES)

    def _held_and_fetched(self, now_ns: int, gone: int) -> Iterator[Arrivals]:
        held, fetched = len(self.requests) - gone, 0
        yield self.requests.after(gone)
        self.requests = Arrivals.none()
        while self._last_ns <= now_ns or fetched * _FETCHED_SHARE <= held:
            piece = next(self._more, None)
            if piece is None:
                self.complete = True
                return
            if len(piece):
                self._last_ns = int(piece.at_ns[-1])
            fetched += len(piece)
            yield piece
