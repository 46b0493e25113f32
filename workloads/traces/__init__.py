"""Readers of real traces: one file a format, all bounded, every line accounted for."""
