"""Classic fork (Linux 5.6): copies every page table (mechanisms.md 2)."""

from typing import ClassVar

from models.costs.laws import Costs
from models.faults.rules import Rules
from models.schemes.base import Scheme
from models.schemes.forking import CopyTables
from models.schemes.pages import SmallPages
from models.schemes.words import ONE_LOCK, Words


class Classic(Scheme):
    """Fork copies the page tables and shares every page; it is copied when first written.

    Args:
        costs: Prices.
    """

    name: ClassVar[str] = "classic"
    title: ClassVar[str] = "Fork"
    words = Words(
        shared="Every 4 KiB page; no page table.",
        payer="The parent at fork, for each present page; later whoever first writes a page, for "
        "a copy of 4 KiB; the last that maps it has it as it is.",
        locks=ONE_LOCK,
        breaks="Nothing. A fork takes as long as the memory is large.",
    )

    def __init__(self, costs: Costs) -> None:
        rules, pages = Rules(costs), SmallPages()
        super().__init__(rules, CopyTables(rules, pages), pages=pages)
