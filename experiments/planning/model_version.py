"""The version of the model: what the code that decides results is, byte for byte."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import models
import sim
import workloads

_PACKAGES = (sim, models, workloads)


@cache
def model_version() -> str:
    """SHA-256 over the sources of the machine, the models and the workloads.

    A number to be raised by hand would be forgotten, and points of an older model be taken for
    those of the present one. Machine profiles and traces have digests of their own.
    """
    digest = hashlib.sha256()
    for package in _PACKAGES:
        folder = Path(package.__path__[0])
        for file in sorted(folder.rglob("*.py")):
            source = file.read_bytes()
            name = f"{package.__name__}/{file.relative_to(folder).as_posix()}"
            digest.update(f"{name} {len(source)}\n".encode())
            digest.update(source)
    return digest.hexdigest()
