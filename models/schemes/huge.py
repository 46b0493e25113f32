"""Classic fork on transparent huge pages (Linux 5.6; mechanisms.md 2.4)."""

from typing import ClassVar

from models.costs.laws import Costs
from models.faults.rules import Rules
from models.schemes.base import Scheme
from models.schemes.forking import CopyTables
from models.schemes.pages import HugePages
from models.schemes.words import ONE_LOCK, Words


class Huge(Scheme):
    """Slots that lie inside one private area are huge pages; the others have 4 KiB pages.

    A huge page's slot still has a PTE table, the deposit that 5.6 keeps for splitting it. A write
    to a huge page copies 2 MiB, or reuses it if it is mapped once. Unmapping a part of one splits
    it into 4 KiB pages in that address space.

    Args:
        costs: Prices.
    """

    name: ClassVar[str] = "huge"
    title: ClassVar[str] = "Fork, huge pages"
    words = Words(
        shared="Every 2 MiB page; no page table.",
        payer="The parent at fork, for each huge page and the table kept in reserve for it; later "
        "whoever first writes below one, for a copy of 2 MiB.",
        locks=ONE_LOCK,
        breaks="One written byte takes 2 MiB, so memory grows many times faster after a fork. "
        "Slots that an area covers in part have 4 KiB pages, as under classic.",
    )

    def __init__(self, costs: Costs) -> None:
        rules, pages = Rules(costs), HugePages()
        super().__init__(rules, CopyTables(rules, pages), pages=pages)
