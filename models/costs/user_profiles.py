"""Machine profiles of a user's own: where they are kept, and which there are."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path

SUFFIX = ".yaml"


def folder() -> Path:
    """Where the user's profiles are found by name, as the system has it for configuration."""
    return user_config_path("forksim") / "profiles"


def is_bare(name: str) -> bool:
    """Whether it is a name rather than a path, which has a folder or ends with ``.yaml``."""
    path = Path(name)
    return path.name == name and path.suffix != SUFFIX


def path_of(name: str) -> Path:
    """The file of a profile of one's own: of a bare name in `folder`, else the path itself."""
    return folder() / f"{name}{SUFFIX}" if is_bare(name) else Path(name)


def user_profiles() -> list[str]:
    """The names of the user's profiles, sorted; none if their folder cannot be read."""
    try:
        return sorted(file.stem for file in folder().glob(f"*{SUFFIX}"))
    except OSError:
        return []
