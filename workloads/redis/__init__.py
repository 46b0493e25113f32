"""Redis: an event loop that answers clients and forks to save snapshots."""

from workloads.redis.config import NAME, Config
from workloads.redis.program import run

__all__ = ["NAME", "Config", "run"]
