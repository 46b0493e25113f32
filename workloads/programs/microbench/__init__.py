"""Micro-benchmarks: the paper's fork loop, first write after a fork, and access to all of it."""

from workloads.programs.microbench.config import NAME, Config, children_exit_at_once
from workloads.programs.microbench.program import run, start

__all__ = ["NAME", "Config", "children_exit_at_once", "run", "start"]
