"""Apache: a prefork web server whose workers take their first page faults as they serve."""

from workloads.programs.apache.config import NAME, Config
from workloads.programs.apache.program import run, start
from workloads.traces.kinds.access_trace import AccessTrace

TRACE = AccessTrace
"""The kind of trace that can drive it."""

__all__ = ["NAME", "TRACE", "Config", "run", "start"]
