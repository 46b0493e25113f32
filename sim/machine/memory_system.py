"""The memory system: streams of memory-bound work slow each other down, by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Weights = Mapping[str, Mapping[str, float]]
"""``weights[victim][other]``: by how much one stream of class ``other`` slows class ``victim``.

A missing entry is 0. A stream of class v runs at speed 1 / (1 + sum of its weights over all other
streams that are active at the moment).
"""


class Runner(Protocol):
    """Whoever runs a stream."""

    def nudge(self) -> None:
        """The stream's speed has changed."""


@dataclass(eq=False, frozen=True)
class Stream:
    """Memory-bound work of class ``kind`` that is going on."""

    kind: str
    runner: Runner


class MemorySystem:
    """Shares the memory of a machine among the streams that stress it."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._active: list[Stream] = []

    def join(self, kind: str, runner: Runner) -> Stream:
        """Start a stream of class ``kind``; ``runner`` is nudged whenever its speed changes."""
        stream = Stream(kind, runner)
        self._nudge_slowed_by(kind)
        self._active.append(stream)
        return stream

    def leave(self, stream: Stream) -> None:
        """End a stream."""
        self._active.remove(stream)
        self._nudge_slowed_by(stream.kind)

    def slowdown(self, stream: Stream) -> float:
        """How many times longer than alone the stream's work takes at the moment (at least 1)."""
        weights = self._weights.get(stream.kind, {})
        return 1.0 + sum(weights.get(s.kind, 0.0) for s in self._active if s is not stream)

    def _nudge_slowed_by(self, kind: str) -> None:
        for stream in self._active:
            if self._weights.get(stream.kind, {}).get(kind):
                stream.runner.nudge()
