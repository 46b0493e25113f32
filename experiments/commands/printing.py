"""What commands print: data on standard output, talk on standard error.

Names and contents of files are others' texts, so all that is printed goes through `printable`.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import click
from rich.console import Console

from results.tables.words import print_words
from sim.printable import printable

JSON_VERSION = 1
"""Of every JSON document that a command prints, its ``forksim`` key."""

PIPED_WIDTH = 100
"""Of tables that go to no terminal and whose width nobody says (COLUMNS)."""

NARROWEST = 20


class Output(Console):
    """Standard output, as wide as COLUMNS says, else its terminal, else `PIPED_WIDTH`.

    A reader that has gone is told to the caller, as by any other print.
    """

    def __init__(self) -> None:
        columns = os.environ.get("COLUMNS", "")
        said = int(columns) if columns.isdecimal() and columns.isascii() else 0
        piped = not sys.stdout.isatty()
        width = said or (PIPED_WIDTH if piped else None)
        # Lines of words that go to no terminal stay whole, for who searches them.
        super().__init__(width=width and max(width, NARROWEST), soft_wrap=piped and not said)

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that is being handled; rich would end the process with 1."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


def say(line: str, *, err: bool = False) -> None:
    """Print one line, on standard error if asked."""
    click.echo(printable(line), err=err)


def say_all(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        say(line)


def tell(text: str) -> None:
    """Print words on standard output, in lines as wide as a terminal."""
    print_words(text, Output())


def note(text: str) -> None:
    """Print on standard error what somebody may want to know."""
    say(f"note: {text}", err=True)


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON document: the version of its layout, then the answer."""
    click.echo(json.dumps({"forksim": JSON_VERSION, **answer}))


def data_stream() -> BinaryIO:
    """Where bytes go that are asked for on standard output: as they are, but to a terminal."""
    return _OnTerminal() if sys.stdout.isatty() else sys.stdout.buffer


class _OnTerminal(io.BytesIO):
    """Text on a terminal, which elsewhere is as it is."""

    def write(self, data: Any, /) -> int:
        sys.stdout.write(printable(bytes(data).decode("utf-8", "backslashreplace"), "\n"))
        return len(data)
