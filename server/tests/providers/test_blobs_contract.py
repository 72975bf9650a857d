"""What every blob store must do: one suite, run on files, on S3 (moto's server) and on a stand-in for Google's."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agentpost_server.ports.blobs import STREAM_OCTETS, BlobNotFound, Blobs, blob_key, checked_key
from agentpost_server.providers.files import FileBlobs
from agentpost_server.providers.gcs import GcsBlobs
from agentpost_server.providers.s3 import S3Blobs


@pytest.fixture(params=["files", "s3", "s3-prefix", "gcs", "gcs-prefix"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "files":
        return FileBlobs(tmp_path / "new" / "blobs", min_free_octets=0)
    kind, _, prefixed = request.param.partition("-")
    location = request.getfixturevalue(kind)
    if prefixed:
        location = msgspec.structs.replace(location, prefix="/some/where/")
    return S3Blobs(location) if kind == "s3" else GcsBlobs(location)


@pytest.fixture
def key() -> str:
    return new_key()


def new_key() -> str:
    return blob_key(uuid.uuid4(), uuid.uuid4(), datetime(2026, 3, 1, tzinfo=UTC))


async def test_what_is_put_is_got(blobs: Blobs, key: str) -> None:
    content = bytes(range(256)) * 5
    await blobs.put(key, content, media_type="message/rfc822")
    assert await blobs.get(key) == content
    assert await blobs.size(key) == len(content)
    await blobs.put(key, content)
    assert await blobs.get(key) == content


async def test_a_file_is_put_and_stays_the_callers(blobs: Blobs, key: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    content = b"0123456789abcdef" * (7 << 16) + b"end"
    spool.write_bytes(content)
    await blobs.put(key, spool)
    assert spool.read_bytes() == content
    await blobs.put(key, spool)
    spool.unlink()
    assert await blobs.get(key) == content
    pieces = [piece async for piece in blobs.stream(key)]
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= STREAM_OCTETS for piece in pieces)
    assert len(pieces) > 1


async def test_a_link_to_a_file_is_followed_not_stored(blobs: Blobs, key: str, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    await blobs.put(key, tmp_path / "link")
    (tmp_path / "link").unlink()
    assert await blobs.get(key) == b"real"


async def test_empty_is_a_value(blobs: Blobs, key: str) -> None:
    await blobs.put(key, b"")
    assert await blobs.get(key) == b""
    assert await blobs.size(key) == 0
    assert [piece async for piece in blobs.stream(key)] == []


async def test_what_is_not_there(blobs: Blobs, key: str) -> None:
    with pytest.raises(BlobNotFound):
        await blobs.get(key)
    with pytest.raises(BlobNotFound):
        await blobs.size(key)
    with pytest.raises(BlobNotFound):
        await anext(aiter(blobs.stream(key)))
    await blobs.delete(key)


async def test_deleting_is_idempotent_and_takes_one(blobs: Blobs, key: str) -> None:
    other = new_key()
    await blobs.put(key, b"a")
    await blobs.put(other, b"b")
    await blobs.delete(key)
    await blobs.delete(key)
    with pytest.raises(BlobNotFound):
        await blobs.get(key)
    assert await blobs.get(other) == b"b"


async def test_a_missing_source_is_an_os_error(blobs: Blobs, key: str, tmp_path: Path) -> None:
    with pytest.raises(OSError):
        await blobs.put(key, tmp_path / "nowhere")
    with pytest.raises(BlobNotFound):
        await blobs.get(key)


async def test_many_at_once(blobs: Blobs) -> None:
    organization = uuid.uuid4()
    keys = [blob_key(organization, uuid.uuid4(), datetime(2026, 1 + n % 3, 1, tzinfo=UTC)) for n in range(30)]
    await asyncio.gather(*(blobs.put(key, key.encode()) for key in keys))
    assert await asyncio.gather(*(blobs.get(key) for key in keys)) == [key.encode() for key in keys]


async def test_check_of_a_working_store(blobs: Blobs) -> None:
    await blobs.check()
    await blobs.check()


STRAY_KEYS: list[str | Callable[[str], str]] = [
    "",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    lambda key: key + "\n",
    lambda key: key + "/..",
    lambda key: "./" + key,
    lambda key: key.upper(),
    lambda key: key.replace("/", "//", 1),
    lambda key: key.replace("/", "\\"),
    lambda key: key.replace("0", "٠"),
    lambda key: key[:-1] + "\0",
    lambda key: key + "?x=1",
]


@pytest.mark.parametrize("stray", range(len(STRAY_KEYS)))
async def test_a_key_of_another_shape_is_refused_by_every_verb(blobs: Blobs, stray: int, tmp_path: Path) -> None:
    made = STRAY_KEYS[stray]
    key = (
        made("00000000-aaaa-4bbb-8ccc-0123456789ab/202603/00000000-dddd-4eee-8fff-0123456789ab")
        if callable(made)
        else made
    )
    for call in (
        lambda: blobs.put(key, b"x"),
        lambda: blobs.get(key),
        lambda: blobs.size(key),
        lambda: blobs.delete(key),
        lambda: anext(aiter(blobs.stream(key))),
        lambda: blobs.download_url(key, seconds=60, filename="a", media_type="text/plain"),
        lambda: blobs.upload_url(key, seconds=60, media_type="text/plain", size=1),
    ):
        with pytest.raises(ValueError, match="not a blob key"):
            await call()
    assert not (tmp_path / "new").exists()


def test_a_key_says_organization_and_month() -> None:
    organization, blob = uuid.uuid4(), uuid.uuid4()
    key = blob_key(organization, blob, datetime(2026, 3, 31, tzinfo=UTC))
    assert key == f"{organization}/202603/{blob}"
    assert checked_key(key) is key
