"""The exceptions that a batch of memory accesses raises, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.faults.actions import ActionArray, PageAction, TableAction
from models.memory.frames import FRAME_BYTES
from sim.arrays import BoolArray, IntArray, ascending

_PAGES = np.array([action.row.pages for action in PageAction], np.int64)
_OF_PAGES = [action.label for action in PageAction]
_OF_TABLES = [action.label for action in TableAction]
_TABLES = np.array([action.row.pages for action in TableAction], np.int64)


@dataclass(frozen=True, eq=False)
class Faults:
    """Faults in the order in which a batch of accesses raises them.

    Attributes (all of shape (number of faults,)):
        position: Index of the access in the batch, strictly ascending.
        page: The page accessed.
        table_action: A `TableAction` each.
        page_action: A `PageAction` each.
        cost_ns: Time each takes, lock waits excluded.
        replaces: Whether each replaces an entry that was present by that of another page.
        table_ns: How much of its time each takes for the table, before it turns to the page.
    """

    position: IntArray
    page: IntArray
    table_action: ActionArray
    page_action: ActionArray
    cost_ns: IntArray
    replaces: BoolArray
    table_ns: IntArray

    def __len__(self) -> int:
        return len(self.position)

    def __getitem__(self, selection: slice | npt.NDArray[np.bool_] | IntArray) -> Faults:
        return Faults(
            self.position[selection],
            self.page[selection],
            self.table_action[selection],
            self.page_action[selection],
            self.cost_ns[selection],
            self.replaces[selection],
            self.table_ns[selection],
        )

    @property
    def total_ns(self) -> int:
        """The sum of the costs."""
        return int(self.cost_ns.sum())

    @property
    def new_bytes(self) -> IntArray:
        """The memory that each takes at most: pages, and the table that it gets."""
        pages = _PAGES[self.page_action] + _TABLES[self.table_action]
        new_bytes: IntArray = FRAME_BYTES * pages
        return new_bytes

    @property
    def kept_bytes(self) -> IntArray:
        """The memory that each takes in the end; a table that is renewed replaces another."""
        renewed = self.table_action == TableAction.RENEW
        kept_bytes: IntArray = self.new_bytes - FRAME_BYTES * renewed
        return kept_bytes

    def until(self, position: int) -> Faults:
        """Those that the first `position` accesses raise."""
        return self[: int(np.searchsorted(self.position, position))]

    def between(self, first: int, end: int) -> Faults:
        """Those that the accesses from `first` to before `end` raise."""
        start, stop = np.searchsorted(self.position, [first, end]).tolist()
        return self[start:stop]

    def at(self, positions: IntArray) -> Faults:
        """These faults when access i of the batch is access `positions[i]` of a larger one."""
        return replace(self, position=positions[self.position])

    def killed_at(self, fault: int) -> Faults:
        """These faults up to one that finds no page, with which the process ends."""
        killed = Faults(
            self.position[fault : fault + 1],
            self.page[fault : fault + 1],
            np.array([TableAction.NONE], np.uint8),
            np.array([PageAction.NO_PAGE], np.uint8),
            np.zeros(1, np.int64),
            np.zeros(1, np.bool_),
            np.zeros(1, np.int64),
        )
        return Faults.merged(self[:fault], killed)

    def with_page_action(self, action: PageAction) -> IntArray:
        """The pages that `action` happens to, ascending."""
        return ascending(self.page[self.page_action == action])

    def by_kind(self) -> dict[str, int]:
        """How many faults took each action, by its name."""
        return {
            labels[action]: times
            for labels, column in ((_OF_PAGES, self.page_action), (_OF_TABLES, self.table_action))
            for action, times in enumerate(np.bincount(column).tolist())
            if action and times
        }

    @staticmethod
    def none() -> Faults:
        """No fault."""
        numbers, actions = np.zeros(0, np.int64), np.zeros(0, np.uint8)
        return Faults(numbers, numbers, actions, actions, numbers, actions.view(np.bool_), numbers)

    @staticmethod
    def merged(first: Faults, second: Faults) -> Faults:
        """Two sets of faults of one batch, in order of position."""
        order = np.argsort(np.concatenate((first.position, second.position)), kind="stable")
        return Faults(
            np.concatenate((first.position, second.position))[order],
            np.concatenate((first.page, second.page))[order],
            np.concatenate((first.table_action, second.table_action))[order],
            np.concatenate((first.page_action, second.page_action))[order],
            np.concatenate((first.cost_ns, second.cost_ns))[order],
            np.concatenate((first.replaces, second.replaces))[order],
            np.concatenate((first.table_ns, second.table_ns))[order],
        )
