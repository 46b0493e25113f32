"""The text of /proc/PID/smaps as kernels print it, for areas of a test's choice."""

from __future__ import annotations

from collections.abc import Sequence

_OLD = ("Size", "Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty")
_POOL = ("Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss")
_SIZES = ("KernelPageSize", "MMUPageSize")

FIELDS: dict[str, Sequence[str]] = {
    "3.10": (*_OLD, "Referenced", "Anonymous", "AnonHugePages", "Swap", *_SIZES, "Locked"),
    "4.4": (*_OLD, "Referenced", "Anonymous", "AnonHugePages", *_POOL, *_SIZES, "Locked"),
    "4.14": (
        *(*_OLD, "Referenced", "Anonymous", "LazyFree", "AnonHugePages", "ShmemPmdMapped"),
        *(*_POOL, *_SIZES, "Locked"),
    ),
    "5.10": (
        *("Size", *_SIZES, *_OLD[1:], "Referenced", "Anonymous", "LazyFree", "AnonHugePages"),
        *("ShmemPmdMapped", "FilePmdMapped", *_POOL, "Locked", "THPeligible"),
    ),
    "6.8": (
        *("Size", *_SIZES, "Rss", "Pss", "Pss_Dirty", *_OLD[3:], "Referenced", "Anonymous", "KSM"),
        *("LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", *_POOL, "Locked"),
        "THPeligible",
    ),
}
"""What is printed of an area before VmFlags, by kernel."""


def area_lines(
    start_page: int,
    n_pages: int,
    *,
    rights: str = "rw-p",
    name: str = "",
    flags: str = "rd wr mr mw me ac",
    kernel: str = "6.8",
    **pages: int,
) -> str:
    """The lines of an area.

    Args:
        start_page: its first page of 4 KiB.
        n_pages: its length.
        rights: ``rw-p`` and such.
        name: what is mapped.
        flags: VmFlags.
        kernel: whose fields.
        **pages: fields in pages of 4 KiB; all of it is Anonymous if only Rss is given.
    """
    pages = {"Anonymous": pages.get("Rss", 0), "Referenced": pages.get("Rss", 0), **pages}
    pages |= {"Size": n_pages, "KernelPageSize": pages.get("KernelPageSize", 1)}
    start, end = start_page * 4096, (start_page + n_pages) * 4096
    lines = [f"{start:x}-{end:x} {rights} 00000000 00:00 0 {name:>26}".rstrip()]
    for field in FIELDS[kernel]:
        value = f"{pages.get(field, 0) * 4:8} kB"
        lines.append(f"{field + ':':16}{value if field != 'THPeligible' else '       0'}")
    return "\n".join([*lines, f"VmFlags: {flags} ", ""])
