"""Where large bytes live: raw mail and attachments above 256 KiB. Small ones live in PostgreSQL beside their rows.

The contract: when `put` returns, the bytes survive power loss (fsync, or the object store's own promise). Keys are
`{organization_id}/{yyyymm}/{uuid}`, never shared and never written twice with other bytes. Whatever else goes wrong
is an OSError, within bounded time; a key of another shape is a ValueError, for it is a bug: keys never come from users.
"""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_KEY: Final = re.compile(f"{_UUID}/[0-9]{{6}}/{_UUID}")

STREAM_OCTETS: Final = 1 << 20
"""The largest piece that `stream` yields."""


class BlobNotFound(Exception):
    """No bytes under that key."""


class Blobs(Protocol):
    """A store of immutable bytes."""

    async def put(self, key: str, content: bytes | Path, *, media_type: str = "application/octet-stream") -> None:
        """Store the bytes, or the file at a path. Durable on return; doing it again with the same bytes is harmless.

        The caller keeps the file and may remove it, but must not change it any more: the store may have linked it.
        """
        ...

    async def get(self, key: str) -> bytes:
        """All bytes. Raises BlobNotFound."""
        ...

    def stream(self, key: str) -> AsyncIterator[bytes]:
        """The bytes in pieces of at most STREAM_OCTETS. Raises BlobNotFound on the first."""
        ...

    async def size(self, key: str) -> int:
        """Octets stored. Raises BlobNotFound: so an upload by URL is checked before it counts."""
        ...

    async def delete(self, key: str) -> None:
        """Idempotent: deleting what is not there succeeds."""
        ...

    async def download_url(self, key: str, *, seconds: int, filename: str, media_type: str) -> str | None:
        """A presigned GET with the right Content-Disposition, or None: then the server serves it itself."""
        ...

    async def upload_url(self, key: str, *, seconds: int, media_type: str, size: int) -> str | None:
        """A presigned PUT of exactly that type and size, or None: then the server takes the bytes itself."""
        ...

    async def check(self) -> None:
        """Raises OSError when the store cannot be used now: readiness asks this. Answers within five seconds."""
        ...


def blob_key(organization_id: UUID, blob_id: UUID, at: datetime) -> str:
    """The key of new bytes; the month lets retention and backups walk a store by age."""
    return f"{organization_id}/{at:%Y%m}/{blob_id}"


def checked_key(key: str) -> str:
    """The key, or ValueError. What passes holds no dot and two slashes, so no path or URL made of it can stray."""
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"not a blob key: {key[:120]!r}")
    return key
