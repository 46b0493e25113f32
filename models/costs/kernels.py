"""Releases of Linux, and which rules of fork they have."""

from __future__ import annotations

NEWER_RULES = (5, 8)
"""From this release on a fork is that of `models.schemes.classic6` (mechanisms.md 2): a first write
splits a huge page instead of copying it, and copying an entry takes a third atomic."""


def release_of(kernel: str) -> tuple[int, int]:
    """A release as numbers, which can be compared.

    Args:
        kernel: As in ``6.12``.

    Raises:
        ValueError: It is none.
    """
    major, _, minor = kernel.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise ValueError(f"'{kernel}': expected a release such as 6.12")
    return int(major), int(minor)


def has_newer_rules(kernel: str) -> bool:
    """Whether a release's own fork is classic6, not classic.

    Raises:
        ValueError: It is no release.
    """
    return release_of(kernel) >= NEWER_RULES
