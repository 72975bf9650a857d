"""File blobs and power: what is flushed, in which order, and what stays behind when it fails."""

import asyncio
import contextlib
import os
import stat
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentpost_server.ports.blobs import BlobNotFound, blob_key
from agentpost_server.providers.files import FileBlobs


def key_of(organization: uuid.UUID) -> str:
    return blob_key(organization, uuid.uuid4(), datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str]]:
    """Every mkdir, fsync, link and rename in the test's own folder, in order, with the path it was about. The shared
    server of this process writes files of its own meanwhile."""
    seen: list[tuple[str, str]] = []
    real = {name: getattr(os, name) for name in ("mkdir", "fsync", "replace", "link")}

    def note(name: str, path: object) -> None:
        if Path(str(path)).is_relative_to(tmp_path):
            seen.append((name, str(path)))

    def fsync(descriptor: int) -> None:
        note("fsync", Path(f"/proc/self/fd/{descriptor}").readlink())
        real["fsync"](descriptor)

    def recording(name: str):
        def call(*arguments: object, **options: object) -> None:
            real[name](*arguments, **options)
            note(name, arguments[-1] if name != "mkdir" else arguments[0])

        return call

    monkeypatch.setattr(os, "fsync", fsync)
    for name in ("mkdir", "replace", "link"):
        monkeypatch.setattr(os, name, recording(name))
    return seen


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names descriptors through /proc")
@pytest.mark.parametrize("source", ["bytes", "file"])
async def test_everything_is_flushed_before_put_returns(
    tmp_path: Path, calls: list[tuple[str, str]], source: str
) -> None:
    root = tmp_path / "data" / "blobs"
    blobs = FileBlobs(root)
    organization = uuid.uuid4()
    key = key_of(organization)
    spool = tmp_path / "spool"
    spool.write_bytes(b"hello")
    await blobs.put(key, spool if source == "file" else b"hello")

    month = (root / key).parent
    for made in (tmp_path / "data", root, root / ".tmp", root / str(organization), month):
        position = calls.index(("mkdir", str(made)))
        assert ("fsync", str(made.parent)) in calls[position:], f"{made} could vanish with the power"
    *_, flush_file, rename, flush_folder = calls
    assert flush_file[0] == "fsync"
    assert Path(flush_file[1]).parent == root / ".tmp"
    assert rename == ("replace", str(root / key))
    assert flush_folder == ("fsync", str(month))
    assert ("link" in {name for name, _ in calls}) == (source == "file")

    # The second one costs two flushes: its own bytes, and its name.
    calls.clear()
    await blobs.put(key_of(organization), b"again")
    assert [name for name, _ in calls] == ["fsync", "replace", "fsync"]
    assert list((root / ".tmp").iterdir()) == []

    calls.clear()
    await blobs.delete(key)
    assert calls == [("fsync", str(month))]


async def test_another_process_s_folders_are_flushed_once_by_us_too(
    tmp_path: Path, calls: list[tuple[str, str]]
) -> None:
    organization = uuid.uuid4()
    await FileBlobs(tmp_path).put(key_of(organization), b"first")
    calls.clear()
    await FileBlobs(tmp_path).put(key_of(organization), b"second")
    assert ("fsync", str(tmp_path / str(organization))) in calls


async def test_a_failed_put_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = FileBlobs(tmp_path)
    organization = uuid.uuid4()
    await blobs.put(key_of(organization), b"makes the folders")
    key = key_of(organization)
    real = os.fsync

    def full(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        await blobs.put(key, b"x" * 1000)
    with pytest.raises(OSError, match="No space left"):
        await blobs.check()
    assert list((tmp_path / ".tmp").iterdir()) == []
    with pytest.raises(BlobNotFound):
        await blobs.get(key)


async def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    organization = uuid.uuid4()
    first = key_of(organization)
    await blobs.put(first, b"1")
    await blobs.delete(first)
    (tmp_path / first).parent.rmdir()
    (tmp_path / str(organization)).rmdir()
    second = key_of(organization)
    await blobs.put(second, b"2")
    assert await blobs.get(second) == b"2"


async def test_modes_keep_others_out(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    key = key_of(uuid.uuid4())
    await blobs.put(key, b"mail")
    path = tmp_path / "blobs" / key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in list(path.parents)[:3]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_check_says_when_the_disk_is_nearly_full_and_clears_up(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Less space is free"):
        await FileBlobs(tmp_path, min_free_octets=1 << 62).check()
    old, young = tmp_path / ".tmp" / "old", tmp_path / ".tmp" / "young"
    old.touch()
    young.touch()
    os.utime(old, (0, time.time() - 90_000))
    await FileBlobs(tmp_path, min_free_octets=0).check()
    assert not old.exists()
    assert young.exists()
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        await FileBlobs(tmp_path / "file").check()


async def test_the_event_loop_is_never_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        with contextlib.suppress(RuntimeError):
            held.append(repr(asyncio.get_running_loop()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    blobs = FileBlobs(tmp_path, min_free_octets=0)
    key = key_of(uuid.uuid4())
    await blobs.put(key, b"x")
    await blobs.check()
    await blobs.delete(key)
    assert held == []
