"""What can be asked of Redis's snapshots."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from sim.configuration import Configuration
from sim.units import Bytes, Count, Duration

SECOND_NS = 10**9
_MOST_SECONDS = 2**53 // SECOND_NS


class SaveRule(Configuration):
    """Fork once so many keys were written and the last save ended so long ago, both."""

    after_changes: Annotated[Count, Field(ge=0, description="keys written since the last save")]
    after: Annotated[Duration, Field(description="time since the last save ended")]


def _save_text(text: str) -> str:
    pairs = _pairs(text)
    if not pairs:
        raise ValueError(
            "expected seconds and changes in pairs as in redis.conf, such as "
            "3600 1 300 100 60 10000"
        )
    if not all(0 < seconds <= _MOST_SECONDS for seconds, _ in pairs):
        raise ValueError(f"expected from 1 to {_MOST_SECONDS} seconds in every pair")
    return text


def _pairs(text: str) -> list[tuple[int, int]]:
    """Seconds and changes of ``save 3600 1 300 100``, or of several such lines; none if wrong."""
    words = [word for line in text.splitlines() for word in _without_name(line)]
    if len(words) % 2 or not all(re.fullmatch("[0-9]{1,15}", word) for word in words):
        return []
    numbers = list(map(int, words))
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _without_name(line: str) -> list[str]:
    words = line.split()
    return words[1:] if words[:1] == ["save"] else words


SaveText = Annotated[
    str,
    AfterValidator(_save_text),
    Field(description="as in redis.conf: seconds and changes, as often as there are rules"),
]


class Snapshot(Configuration):
    """When Redis forks a child that saves the data set, and how fast the child is.

    By its own rules, which it looks at ten times a second (serverCron): ``save``, or one rule as
    ``after_changes`` and ``after``. A rule wants more time to have passed than it says since the
    end of the last successful save, at first since the start, as in redis.conf. And when others
    send BGSAVE: ``at`` listed times, again after every ``period`` if there is one, or ``every`` so
    often. What is sent while a child is alive is refused and counted; if ``scheduled``, it is done
    at the first look after the child's end.
    """

    after_changes: Annotated[
        Annotated[Count, Field(ge=1)] | None,
        Field(description="fork once this many keys were written"),
    ] = None
    after: Annotated[
        Duration, Field(description="and more than this long after the last save ended")
    ] = 0
    save: Annotated[
        SaveText | Annotated[list[SaveRule], Field(min_length=1, max_length=64)] | None,
        Field(description="several such rules, or Redis's own: 3600 1 300 100 60 10000"),
    ] = None
    at: Annotated[list[Duration], Field(description="fork at these times")] = []  # noqa: RUF012 - pydantic copies it
    period: Annotated[
        Annotated[Duration, Field(gt=0)] | None,
        Field(description="and again this long after each of these, and so on"),
    ] = None
    every: Annotated[
        Annotated[Duration, Field(gt=0)] | None,
        Field(description="fork this often: at this time, at twice this time ..."),
    ] = None
    scheduled: Annotated[
        bool,
        Field(description="what is asked for while a child is alive is done after it"),
    ] = False
    save_rate: Annotated[
        Bytes, Field(gt=0, description="bytes of the data set that the child saves a second")
    ] = 256 * 2**20

    @model_validator(mode="after")
    def _has_triggers(self) -> Snapshot:
        by_rule = [self.after_changes is not None, self.save is not None]
        by_command = [bool(self.at), self.every is not None]
        if not any(by_rule + by_command):
            raise ValueError("expected one of after_changes, save, at and every")
        if all(by_rule):
            raise ValueError("expected one of after_changes and save")
        if all(by_command):
            raise ValueError("expected one of at and every")
        if self.after and self.after_changes is None:
            raise ValueError("expected after only beside after_changes")
        if self.scheduled and not any(by_command):
            raise ValueError("expected scheduled only beside at or every")
        if sorted(set(self.at)) != self.at:
            raise ValueError("expected ascending times in at")
        if self.period is not None and not self.at:
            raise ValueError("expected period only beside at")
        if self.period is not None and self.period <= self.at[-1] - self.at[0]:
            raise ValueError("expected a period longer than from the first time in at to the last")
        return self

    @property
    def commands_ns(self) -> list[int]:
        """When BGSAVE is sent; in each period, if there are any, so long after its beginning."""
        return list(self.at) if self.every is None else [self.every]

    @property
    def period_ns(self) -> int | None:
        """After how long it is sent again; None if it is not."""
        return self.period if self.every is None else self.every

    @property
    def rules(self) -> list[SaveRule]:
        """Those of Redis itself."""
        if self.after_changes is not None:
            return [SaveRule.model_construct(after_changes=self.after_changes, after=self.after)]
        if isinstance(self.save, str):
            return [
                SaveRule.model_construct(after_changes=changes, after=seconds * SECOND_NS)
                for seconds, changes in _pairs(self.save)
            ]
        return self.save or []
