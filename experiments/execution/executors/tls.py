"""The files that an encrypted connection to a Dask scheduler takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from experiments.language.errors import InputError, Position, shown
from sim.regular_file import open_regular


@dataclass(frozen=True)
class TlsFiles:
    """Files in PEM.

    Attributes:
        ca: of whom both ends trust.
        cert: this end's certificate.
        key: its private key; None if it is in the file of the certificate.
    """

    ca: str
    cert: str
    key: str | None


def tls_files(
    scheduler: str | None, ca: str | None, cert: str | None, key: str | None
) -> TlsFiles | None:
    """The files that the options of a command name; None if they name none.

    Raises:
        InputError: the scheduler is no encrypted one, an option is missing, or a file.
    """
    given: Mapping[str, str | None] = {"--tls-ca": ca, "--tls-cert": cert, "--tls-key": key}
    for option, file in given.items():
        if file is None:
            continue
        if scheduler is None or not scheduler.startswith("tls://"):
            expected = "expected only with --scheduler tls://HOST:8786"
            raise InputError.at(Position(option), f"{shown(file)}: {expected}")
        try:
            with open_regular(file):
                pass
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError.at(Position(option), f"{file}: {reason}: expected PEM") from None
    if ca is None and cert is None and key is None:
        return None
    for option in ("--tls-ca", "--tls-cert"):
        if given[option] is None:
            others = ", ".join(name for name, file in given.items() if file is not None)
            raise InputError.at(Position(option), f"missing: expected beside {others}")
    return TlsFiles(str(ca), str(cert), key)
