"""Redis: an event loop that answers clients and forks to save snapshots."""

from workloads.programs.redis.config import NAME, Config
from workloads.programs.redis.program import run, start
from workloads.traces.kinds.key_trace import KeyTrace

TRACE = KeyTrace
"""The kind of trace that can drive it."""

__all__ = ["NAME", "TRACE", "Config", "run", "start"]
