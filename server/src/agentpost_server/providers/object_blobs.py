"""Blobs in a bucket, through obstore: what S3, Google's store and their kin have in common.

A store signs its URLs by its own rules; where it cannot, the server serves the bytes itself.
"""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from obstore.exceptions import BaseError, PermissionDeniedError
from obstore.store import GCSStore, S3Store

from agentpost_server.core.content_disposition import content_disposition, safe_media_type
from agentpost_server.ports.blobs import STREAM_OCTETS, BlobNotFound, checked_key

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

RETRIES: Final["RetryConfig"] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_CHECK_SECONDS: Final = 4.0
_CHECK_OBJECT: Final = "agentpost-readiness"
_PIECE_OCTETS: Final = 256 << 10


def client_options(endpoint: str | None) -> "ClientConfig":
    """No endpoint means the cloud's own, by https."""
    return {
        "allow_http": (endpoint or "").startswith("http://"),
        "connect_timeout": timedelta(seconds=5),
        "timeout": timedelta(seconds=60),
    }


class ObjectBlobs:
    """Blobs below `prefix` of one bucket, whose own promise is the durability of `put`."""

    def __init__(self, store: S3Store | GCSStore, prefix: str) -> None:
        self._store = store
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    async def put(self, key: str, content: bytes | Path, *, media_type: str = "application/octet-stream") -> None:
        attributes = {"Content-Type": safe_media_type(media_type)}
        with _os_errors():
            # A file is sent in parts of 5 MiB, a few at a time: memory stays bounded whatever its size.
            await self._store.put_async(self._path(key), content, attributes=attributes, max_concurrency=4)

    async def get(self, key: str) -> bytes:
        with _read_errors(key):
            result = await self._store.get_async(self._path(key))
            return bytes(await result.bytes_async())

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        with _read_errors(key):
            result = await self._store.get_async(self._path(key))
            async for piece in result.stream(min_chunk_size=_PIECE_OCTETS):
                whole = bytes(piece)
                for start in range(0, len(whole), STREAM_OCTETS):
                    yield whole[start : start + STREAM_OCTETS]

    async def size(self, key: str) -> int:
        with _read_errors(key):
            return (await self._store.head_async(self._path(key)))["size"]

    async def delete(self, key: str) -> None:
        with suppress(BlobNotFound), _read_errors(key):
            await self._store.delete_async(self._path(key))

    async def download_url(self, key: str, *, seconds: int, filename: str, media_type: str) -> str | None:
        query = {
            "response-content-disposition": content_disposition(filename),
            "response-content-type": safe_media_type(media_type),
        }
        return self._presigned("GET", self._quoted(key), seconds, query, {})

    async def upload_url(self, key: str, *, seconds: int, media_type: str, size: int) -> str | None:
        headers = {"Content-Type": safe_media_type(media_type), "Content-Length": str(size)}
        return self._presigned("PUT", self._quoted(key), seconds, {}, headers)

    async def check(self) -> None:
        async with asyncio.timeout(_CHECK_SECONDS):
            with _os_errors():
                try:
                    await self._store.head_async(self._prefix + _CHECK_OBJECT)
                except (FileNotFoundError, PermissionDeniedError):
                    # Who may not list a bucket is told 403 for what is not there.
                    await self._store.put_async(self._prefix + _CHECK_OBJECT, b"ready")

    def _presigned(
        self, method: Literal["GET", "PUT"], path: str, seconds: int, query: dict[str, str], headers: dict[str, str]
    ) -> str | None:
        """A URL of the object at `path`, percent-encoded, or None. Whoever uses it must send the headers."""
        raise NotImplementedError

    def _path(self, key: str) -> str:
        return self._prefix + checked_key(key)

    def _quoted(self, key: str) -> str:
        return quote(self._path(key), safe="/~")


@contextmanager
def _os_errors() -> Generator[None]:
    """The port's errors for obstore's, whose own text is the cause."""
    try:
        yield
    except BaseError as error:
        raise OSError(f"The blob store could not be used: {str(error)[:300]}") from error


@contextmanager
def _read_errors(key: str) -> Generator[None]:
    """As `_os_errors`; what is not there is BlobNotFound, unless it is the bucket that is not there."""
    with _os_errors():
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise
            raise BlobNotFound(key) from error
