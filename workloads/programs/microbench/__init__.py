"""Micro-benchmarks: the paper's fork loop, first write after a fork, and access to all of it."""
