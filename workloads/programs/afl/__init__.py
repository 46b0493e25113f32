"""AFL: fuzzers that fork a child per input from a deferred fork server."""

from workloads.programs.afl.config import NAME, Config
from workloads.programs.afl.program import check, run, start
from workloads.traces.kinds.execution_trace import ExecutionTrace

TRACE = ExecutionTrace
"""The kind of trace that can drive it."""

__all__ = ["NAME", "TRACE", "Config", "check", "run", "start"]
