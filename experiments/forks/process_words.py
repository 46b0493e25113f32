"""What is told of a process that is asked about: what it has, what of it is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.forks.packing import packed_tables
from experiments.forks.process_memory import ProcessMemory
from experiments.forks.process_pages import ProcessPages
from models.memory.areas import PAGES_PER_SLOT
from models.memory.frames import FRAME_BYTES
from results.metrics import formatting


def facts_of(process: ProcessMemory, pages: ProcessPages) -> dict[str, Any]:
    """A process's memory in bytes, as plain data."""
    areas = process.areas
    last, upper = packed_tables(areas)
    of_huge = sum(area.huge for area in areas) * PAGES_PER_SLOT
    counted = {
        "resident": process.resident_pages,
        "copied": pages.n_pages,
        "huge": of_huge,
        "hugetlb": sum(area.of_pool for area in areas),
        "referenced": sum(area.referenced for area in areas),
        "swapped": sum(area.swapped for area in areas),
        "tables_side_by_side": last + (upper if process.all_levels else 0),
    }
    return {
        "name": process.name,
        "areas": len(areas),
        "areas_copied": sum(area.copied_at_fork and area.resident > 0 for area in areas),
        **{f"{name}_bytes": count * FRAME_BYTES for name, count in counted.items()},
        "tables_bytes": process.table_bytes,
    }


def sentences_of(process: ProcessMemory, pages: ProcessPages) -> Iterator[str]:
    """The same for people, a line each."""
    facts = facts_of(process, pages)

    def size(name: str) -> str:
        return formatting.size(facts[f"{name}_bytes"])

    passed = formatting.size(facts["resident_bytes"] - facts["copied_bytes"])
    yield (
        f"{process.name or 'process'}: RSS {size('resident')} in {facts['areas']:,} areas. A fork "
        f"copies {size('copied')} in {facts['areas_copied']:,} private ones that were written, and "
        f"passes over {passed} of files and shared memory."
    )
    told = "unknown (in /proc/PID/status: VmPTE)"
    if process.table_bytes is not None:
        told = f"{size('tables')} (VmPTE)"
    yield f"page tables: {told}; with pages side by side {size('tables_side_by_side')}"
    lately = facts["referenced_bytes"] / max(facts["resident_bytes"], 1)
    parts = [f"huge pages: {size('huge')}", f"accessed lately: {formatting.share(lately)}"]
    if facts["hugetlb_bytes"]:
        parts.append(f"hugetlb: {size('hugetlb')}")
    if facts["swapped_bytes"]:
        parts.append(f"swapped out: {size('swapped')}")
    yield "; ".join(parts)


def notes_of(process: ProcessMemory, pages: ProcessPages) -> Iterator[str]:
    """What is assumed of it, and what is left out."""
    yield (
        "smaps does not tell where page frames lie: blocked is with those of a machine just "
        "booted, if scattered with none beside its neighbour"
    )
    yield "nor which pages of an area are there: they are taken to lie side by side" + (
        "" if process.table_bytes is None else ", those apart that make up its page tables"
    )
    if len(pages.huge):
        yield "as now: huge where it has huge pages now; else pages of one size wherever they fit"
    if pages.of_pool:
        yield "its pages of hugetlb are there in forks of huge pages only"
    if any(area.swapped for area in process.areas):
        yield "what is swapped out is left out"
    if pages.tables_left_out:
        left = formatting.size(pages.tables_left_out * FRAME_BYTES)
        yield f"{left} of its page tables are left out, each with hardly a page"
    yield "areas themselves cost nothing here, nor does anything but memory (files, cgroups ...)"
