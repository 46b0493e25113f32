"""What a kernel locks: an address space, an area, a table of a higher level."""

from __future__ import annotations

from typing import ClassVar

from sim.machine.locks import RwLock


class Lockable:
    """It carries its lock, which so ends with it.

    Attributes:
        lock: None until it is first taken.
        lock_kind: What it is, for accounts of locks of its kind.
    """

    lock: RwLock | None = None
    lock_kind: ClassVar[str] = "pmd"
