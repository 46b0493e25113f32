"""Spans: who did what from when to when, for a timeline; recorded only if somebody asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Span:
    """One stretch of time of one task.

    Attributes:
        task: the task's name.
        what: ``core 3`` while it runs there, ``wait`` while it queues for a core.
    """

    task: str
    what: str
    start_ns: int
    end_ns: int


class SpanSink(Protocol):
    """Where a machine sends its spans."""

    def record(self, span: Span) -> None:
        """Take one finished span."""


@dataclass
class SpanList:
    """A sink that keeps every span in order of their ends."""

    spans: list[Span] = field(default_factory=list)

    def record(self, span: Span) -> None:
        """Keep the span."""
        self.spans.append(span)
