"""Blobs in S3 or anything that speaks its protocol (R2, MinIO, Ceph), through obstore.

Without keys in the settings the machine's own role is used; URLs are then not presigned, and the server serves
attachments itself.
"""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec
from obstore.exceptions import BaseError, PermissionDeniedError
from obstore.store import S3Store

from agentpost_server.core.content_disposition import content_disposition, safe_media_type
from agentpost_server.ports.blobs import STREAM_OCTETS, BlobNotFound, checked_key
from agentpost_server.providers.sigv4 import Credentials, presigned_url

if TYPE_CHECKING:
    from obstore.store import S3Config

_CHECK_SECONDS: Final = 4.0
_CHECK_OBJECT: Final = "agentpost-readiness"
_PIECE_OCTETS: Final = 256 << 10


class S3Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bucket is. No `endpoint` means AWS; `public_endpoint` is what presigned URLs name, when it differs."""

    bucket: str
    region: str = "us-east-1"
    endpoint: str | None = None
    public_endpoint: str | None = None
    prefix: str = ""
    credentials: Credentials | None = None


class S3Blobs:
    """Blobs below `prefix` of one bucket, whose own promise is the durability of `put`."""

    def __init__(self, location: S3Location) -> None:
        self._location = location
        self._prefix = f"{location.prefix.strip('/')}/" if location.prefix.strip("/") else ""
        self._store = S3Store(
            location.bucket,
            config=s3_config(location),
            client_options={
                "allow_http": (location.endpoint or "").startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(seconds=60),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )

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
        return self._signed("GET", key, seconds, query=query)

    async def upload_url(self, key: str, *, seconds: int, media_type: str, size: int) -> str | None:
        headers = {"Content-Type": safe_media_type(media_type), "Content-Length": str(size)}
        return self._signed("PUT", key, seconds, headers=headers)

    async def check(self) -> None:
        async with asyncio.timeout(_CHECK_SECONDS):
            with _os_errors():
                try:
                    await self._store.head_async(self._prefix + _CHECK_OBJECT)
                except (FileNotFoundError, PermissionDeniedError):
                    # Who may not list a bucket is told 403 for what is not there.
                    await self._store.put_async(self._prefix + _CHECK_OBJECT, b"ready")

    def _path(self, key: str) -> str:
        return self._prefix + checked_key(key)

    def _signed(
        self,
        method: str,
        key: str,
        seconds: int,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> str | None:
        path = quote(self._path(key), safe="/~")
        if self._location.credentials is None:
            return None
        return presigned_url(
            self._location.credentials,
            method=method,
            url=f"{_base_url(self._location)}/{path}",
            region=self._location.region,
            seconds=seconds,
            at=datetime.now(UTC),
            query=query,
            headers=headers,
        )


def s3_config(location: S3Location) -> "S3Config":
    # One DELETE a blob is all we ask; the bulk call is missing from some of S3's kin.
    config: S3Config = {"region": location.region, "disable_bulk_delete": True}
    if location.endpoint is not None:
        config["endpoint"] = location.endpoint
    if location.credentials is not None:
        config["access_key_id"] = location.credentials.access_key_id
        config["secret_access_key"] = location.credentials.secret_access_key
        if location.credentials.session_token is not None:
            config["session_token"] = location.credentials.session_token
    return config


def _base_url(location: S3Location) -> str:
    endpoint = location.public_endpoint or location.endpoint
    if endpoint is not None:
        return f"{endpoint.rstrip('/')}/{quote(location.bucket, safe='')}"
    return f"https://{location.bucket}.s3.{location.region}.amazonaws.com"


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
