"""What was read from files, kept for whoever asks for the same again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from workloads.traces.reading.text import TracePath

Content = TypeVar("Content")


class _Identity(NamedTuple):
    """Of a file as it is now: another one, or the same after a change, has another.

    The time of change is beside that of modification, which programs that copy files set back.
    """

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


class KeptFiles(Generic[Content]):
    """Contents of files, each as long as its file is what it was when it was read.

    What is kept is shared, so nobody may change it. Threads read one after the other.
    """

    def __init__(self, most_bytes: int, size_bytes: Callable[[Content], int]) -> None:
        """Keep contents of ``most_bytes`` together at most; what was asked for last stays longest.

        Args:
            most_bytes: a content that is larger by itself is read whenever it is asked for.
            size_bytes: says how large a content is.
        """
        self._most_bytes = most_bytes
        self._size_bytes = size_bytes
        self._kept: OrderedDict[tuple[_Identity, Hashable], Content] = OrderedDict()
        self._one_at_a_time = Lock()

    def content(self, path: TracePath, how: Hashable, read: Callable[[], Content]) -> Content:
        """What ``read`` makes of the file, or made of it earlier.

        Args:
            path: the file.
            how: what else ``read`` depends on.
            read: reads the file; whatever it raises is raised, and nothing is kept.
        """
        with self._one_at_a_time:
            identity = _identity(path)
            if identity is None:
                return read()
            key = (identity, how)
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            content = read()
            if _identity(path) == identity:  # else it was changed under the reader's eyes
                self._kept[key] = content
                self._make_room()
            return content

    def _make_room(self) -> None:
        sizes_bytes = {key: self._size_bytes(content) for key, content in self._kept.items()}
        total_bytes = sum(sizes_bytes.values())
        newest = next(reversed(self._kept))
        if sizes_bytes[newest] > self._most_bytes:
            del self._kept[newest]
            return
        for key, size_bytes in sizes_bytes.items():
            if total_bytes <= self._most_bytes:
                return
            total_bytes -= size_bytes
            del self._kept[key]


def _identity(path: TracePath) -> _Identity | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):  # the reader says why
        return None
    return _Identity(
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    )
