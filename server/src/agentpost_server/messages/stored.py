"""Where the bytes of mail and files are read: small ones from their row, large ones from the blob store."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from uuid import UUID

from agentpost_server.core.errors import NotFound
from agentpost_server.messages import store_files
from agentpost_server.ports.blobs import BlobNotFound, blob_key
from agentpost_server.runtime import Runtime

SMALL_OCTETS: Final = 256 * 1024
"""Up to here bytes lie in PostgreSQL, so that one flush makes row and bytes durable."""


async def load(runtime: Runtime, organization_id: UUID, blob_id: UUID) -> bytes:
    """All bytes of a raw mail, an attachment or an upload. Raises NotFound when there are none (yet)."""
    async with runtime.database.transaction(organization_id) as tx:
        row = await store_files.blob(tx, organization_id, blob_id)
    if row is None:
        raise NotFound("These bytes are not here.", fix="Upload them before they are used.")
    if row["content"] is not None:
        return row["content"]
    try:
        return await runtime.blobs.get(blob_key(organization_id, blob_id, row["stored_at"]))
    except BlobNotFound:
        raise NotFound("These bytes are not here.", fix="Upload them before they are used.") from None


async def pieces(
    runtime: Runtime, organization_id: UUID, blob_id: UUID, content: bytes | None, stored_at: datetime
) -> AsyncIterator[bytes]:
    """The bytes piece by piece; the first is there when this returns. Raises NotFound."""
    if content is not None:
        return _one(content)
    stream = runtime.blobs.stream(blob_key(organization_id, blob_id, stored_at))
    try:
        first = await anext(stream, b"")
    except BlobNotFound:
        raise NotFound("These bytes are not here any more.", fix="Ask whoever runs this server.") from None
    return _then(first, stream)


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _then(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
