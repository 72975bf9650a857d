"""Where content waits until it is whole: a buffer in memory, and above a bound a temporary file of the spool folder.

Writes are not fsynced (the accepter makes content durable) and go to the page cache from the event loop: a thread per
64 KiB would cost more than the copy. The file has a name, because a blob store takes a path and may rename it.
"""

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

_PREFIX = "smtp-"
_SUFFIX = ".eml"
_WRITE_OCTETS = 64 * 1024
# Most content stays in memory and is hashed at once; only a file needs a running hash.
_NOT_HASHED = hashlib.sha256()


class Spool:
    """Append-only content. `octets` is its length; `head`, its first part, is there once it is sealed or on disk."""

    __slots__ = ("_buffer", "_digest", "_fd", "_folder", "_memory_octets", "head", "octets", "path")

    def __init__(self, *, memory_octets: int, folder: Path | None) -> None:
        self._memory_octets = memory_octets
        self._folder = folder
        self._buffer = bytearray()
        self._digest = _NOT_HASHED
        self._fd = -1
        self.head = b""
        self.octets = 0
        self.path: Path | None = None

    def write(self, piece: bytes) -> None:
        """Append. Raises OSError when the disk does."""
        self._buffer += piece
        self.octets += len(piece)
        if len(self._buffer) > (self._memory_octets if self._fd < 0 else _WRITE_OCTETS):
            self._flush()

    @property
    def buffered_octets(self) -> int:
        """What is held in memory now."""
        return len(self._buffer) + len(self.head)

    def seal(self) -> tuple[bytes | Path, bytes]:
        """The content and its SHA-256. A file is closed but not fsynced. Raises OSError."""
        if self._fd < 0:
            self.head = bytes(self._buffer)
            self._buffer = bytearray()
            return self.head, hashlib.sha256(self.head).digest()
        self._flush()
        os.close(self._fd)
        self._fd = -1
        assert self.path is not None
        return self.path, self._digest.digest()

    def discard(self) -> None:
        """Free the memory, close and remove the file if it is still there. Idempotent, never raises."""
        self._buffer = bytearray()
        self.head = b""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self.path = None

    def _flush(self) -> None:
        if self._fd < 0:
            self._fd, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=self._folder)
            self.path = Path(name)
            self.head = bytes(self._buffer[: self._memory_octets])
        if self._digest is _NOT_HASHED:
            self._digest = hashlib.sha256()
        self._digest.update(self._buffer)
        view = memoryview(self._buffer)
        while view:
            view = view[os.write(self._fd, view) :]
        view.release()
        self._buffer = bytearray()


def remove_stale(folder: Path, *, older_than_seconds: float) -> int:
    """Remove what a killed process left in the spool folder; returns how many files. Blocking."""
    limit = time.time() - older_than_seconds
    removed = 0
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < limit:
                path.unlink()
                removed += 1
    return removed
