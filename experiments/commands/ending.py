"""How a command ends: exit codes, signals, and each error in one line."""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import click

from results.records.whole_file import UNWRITABLE
from sim.printable import printable

DONE, SOME_FAILED, BAD_INPUT, LIMIT_MISSED, CANNOT_WRITE = range(5)
"""Exit codes; of a command that a signal ended it is 128 and the signal's number."""

_WRONG_NAMES = (errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR)
_OF_FILES = dict.fromkeys(UNWRITABLE, CANNOT_WRITE) | dict.fromkeys(_WRONG_NAMES, BAD_INPUT)
"""Exit codes by errors of files: the fault of the disk or of permissions, or of who named them."""


class OneLineError(click.ClickException):
    """Bad input: its message on stderr, in one line."""

    exit_code = BAD_INPUT

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))

    def show(self, file: Any = None) -> None:
        """Print the message."""
        click.echo(self.message, err=True)


class Ended(KeyboardInterrupt):
    """A signal asks the command to end, as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let TERM and HUP end what is done meanwhile, unless they do something else already.

    Under nohup a HUP is ignored, and stays so.
    """

    def end(number: int, _frame: object) -> None:
        raise Ended(number)

    ours = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is signal.SIG_DFL]
    try:
        for one in ours:
            signal.signal(one, end)
        yield
    finally:
        for one in ours:
            signal.signal(one, signal.SIG_DFL)


def _print_anything() -> None:
    """Print what the terminal's encoding does not have as an escape; nobody loses a result."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class Commands(click.Group):
    """A group whose commands end with forksim's exit codes, each error in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        _print_anything()
        try:
            with _ended_by_signals():
                return super().invoke(ctx)
        except click.UsageError as error:
            raise OneLineError(f"{self.name}: {error.format_message()}") from None
        except (KeyboardInterrupt, click.Abort) as error:
            with suppress(OSError):  # the terminal may be gone
                click.echo(
                    "interrupted: what was finished is kept; run it again to go on", err=True
                )
            ctx.exit(128 + (error.number if isinstance(error, Ended) else signal.SIGINT))
        except BrokenPipeError:  # whoever reads the output has seen enough of it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(DONE)
        except OSError as error:
            of_file = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            click.echo(printable(f"{self.name}: {of_file}"), err=True)
            ctx.exit(_OF_FILES.get(error.errno or 0, SOME_FAILED))


def call(command: str, /, function: str = "main", **arguments: Any) -> None:
    """Do the command; its module and the errors it may raise are imported only now."""
    errors = import_module("experiments.language.errors")
    try:
        gc.disable()  # imports leave little garbage: looking for it takes a tenth of their time
        try:
            module = import_module(f"experiments.commands.{command}")
        finally:
            gc.enable()
        code = getattr(module, function)(**arguments)
    except errors.InputError as error:
        raise OneLineError(str(error)) from None
    click.get_current_context().exit(code)
