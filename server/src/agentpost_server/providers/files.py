"""Blobs as files below one folder, written so that power loss takes nothing that was acknowledged.

A blob is written to a temporary file in the same tree, flushed, renamed to its name, and the folder flushed; a folder
made on the way is flushed into its parent first. All of it happens in threads. Several processes may share the tree.
"""

import asyncio
import contextlib
import errno
import os
import shutil
import stat
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from agentpost_server.ports.blobs import STREAM_OCTETS, BlobNotFound, checked_key

_CHECK_SECONDS: Final = 4.0
_ABANDONED_SECONDS: Final = 86_400
_REMEMBERED_FOLDERS: Final = 10_000


class FileBlobs:
    """Blobs in the folder `root`, made on first use. `min_free_octets` on its disk, or `check` says it is full."""

    def __init__(self, root: Path, *, min_free_octets: int = 64 << 20) -> None:
        self._root = root.absolute()
        self._temporary = self._root / ".tmp"
        self._min_free_octets = min_free_octets
        # Folders known to be on the disk. Another thread's mkdir is not enough: its flush may still be running.
        self._durable: set[Path] = set()

    async def put(self, key: str, content: bytes | Path, *, media_type: str = "application/octet-stream") -> None:
        target = self._root / checked_key(key)
        await asyncio.to_thread(self._put, target, content)

    async def get(self, key: str) -> bytes:
        target = self._root / checked_key(key)
        try:
            return await asyncio.to_thread(target.read_bytes)
        except FileNotFoundError:
            raise BlobNotFound(key) from None

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        target = self._root / checked_key(key)
        try:
            file = await asyncio.to_thread(target.open, "rb", buffering=0)
        except FileNotFoundError:
            raise BlobNotFound(key) from None
        with file:
            while piece := await asyncio.to_thread(file.read, STREAM_OCTETS):
                yield piece

    async def size(self, key: str) -> int:
        target = self._root / checked_key(key)
        try:
            return (await asyncio.to_thread(target.stat)).st_size
        except FileNotFoundError:
            raise BlobNotFound(key) from None

    async def delete(self, key: str) -> None:
        target = self._root / checked_key(key)
        await asyncio.to_thread(_delete, target)

    async def download_url(self, key: str, *, seconds: int, filename: str, media_type: str) -> None:
        checked_key(key)

    async def upload_url(self, key: str, *, seconds: int, media_type: str, size: int) -> None:
        checked_key(key)

    async def check(self) -> None:
        async with asyncio.timeout(_CHECK_SECONDS):
            await asyncio.to_thread(self._check)

    def _put(self, target: Path, content: bytes | Path) -> None:
        self._make_durable(self._temporary)
        for last_try in (False, True):
            self._make_durable(target.parent)
            temporary = self._temporary / uuid.uuid4().hex
            try:
                _fill(temporary, content)
                temporary.replace(target)
            except FileNotFoundError:
                # Somebody removed the folder since we made it, with the organization it belonged to.
                self._durable.discard(target.parent)
                self._durable.discard(target.parent.parent)
                if last_try:
                    raise
            else:
                break
            finally:
                # Also after success: renaming onto a link of the same file leaves the old name (rename(2)).
                temporary.unlink(missing_ok=True)
        _flush_folder(target.parent)

    def _make_durable(self, folder: Path) -> None:
        if folder in self._durable:
            return
        if (folder != self._root and folder.is_relative_to(self._root)) or not folder.parent.is_dir():
            self._make_durable(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _flush_folder(folder.parent)
        if len(self._durable) > _REMEMBERED_FOLDERS:
            self._durable.clear()
        self._durable.add(folder)

    def _check(self) -> None:
        self._make_durable(self._temporary)
        probe = self._temporary / uuid.uuid4().hex
        try:
            _fill(probe, b"ready")
        finally:
            probe.unlink(missing_ok=True)
        disk = os.statvfs(self._root)
        if disk.f_bavail * disk.f_frsize < self._min_free_octets:
            raise OSError(errno.ENOSPC, "Less space is free than mail needs", str(self._root))
        self._remove_abandoned()

    def _remove_abandoned(self) -> None:
        """What a killed process left half written."""
        for entry in os.scandir(self._temporary):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS:
                    Path(entry.path).unlink()


def _fill(temporary: Path, content: bytes | Path) -> None:
    if isinstance(content, Path) and _linked(content, temporary):
        descriptor = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, STREAM_OCTETS)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _linked(source: Path, temporary: Path) -> bool:
    """A second name for the caller's file where the file system can; a copy serves everywhere else."""
    found = source.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        return False
    try:
        os.link(source, temporary, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _delete(target: Path) -> None:
    try:
        target.unlink()
        _flush_folder(target.parent)
    except FileNotFoundError:
        pass


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
