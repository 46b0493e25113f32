"""The single programs by name; a new one is a module (or folder) of its own and one line here."""

from __future__ import annotations

from workloads.programs import afl, apache, microbench, redis, script, sqlite, triforce
from workloads.running.program import Workload, by_name

PROGRAMS: dict[str, Workload] = by_name(
    [
        afl,
        apache,
        microbench,
        redis,
        script,
        sqlite,
        triforce,
    ]
)
"""What can run alone or in a mix."""
