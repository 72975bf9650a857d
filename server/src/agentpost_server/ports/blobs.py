"""Where large bytes live: raw mail and attachments above 256 KiB. Small ones live in PostgreSQL beside their rows.

The contract: when `put` returns, the bytes survive power loss (fsync, or the object store's own promise). Keys are
`{organization_id}/{yyyymm}/{uuid}`, never shared and never written twice with other bytes.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class BlobNotFound(Exception):
    """No bytes under that key."""


class Blobs(Protocol):
    """A store of immutable bytes."""

    async def put(self, key: str, content: bytes | Path, *, media_type: str = "application/octet-stream") -> None:
        """Store the bytes, or the file at a path (which the caller keeps). Durable on return."""
        ...

    async def get(self, key: str) -> bytes:
        """All bytes. Raises BlobNotFound."""
        ...

    def stream(self, key: str) -> AsyncIterator[bytes]:
        """The bytes in pieces of at most 1 MiB. Raises BlobNotFound on the first."""
        ...

    async def delete(self, key: str) -> None:
        """Idempotent: deleting what is not there succeeds."""
        ...

    async def download_url(self, key: str, *, seconds: int, filename: str, media_type: str) -> str | None:
        """A presigned GET with the right Content-Disposition, or None: then the server serves it itself."""
        ...

    async def upload_url(self, key: str, *, seconds: int, media_type: str, size: int) -> str | None:
        """A presigned PUT, or None: then the server takes the bytes itself."""
        ...

    async def check(self) -> None:
        """Raises OSError when the store cannot be used now: readiness asks this."""
        ...
