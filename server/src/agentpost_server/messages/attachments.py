"""Attachments: what they are, and a link to their bytes that is safe to open whatever a stranger put into them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core.content_disposition import content_disposition, safe_media_type
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.messages import links, store_files, stored
from agentpost_server.messages.links import Link
from agentpost_server.messages.model import Attachment, attachments_of
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime

# What a browser would run or parse as markup, whatever its name says.
_ACTIVE: Final = ("html", "xml", "svg", "script", "xsl", "mathml", "flash", "multipart/", "message/")


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with a file: its bytes and the headers that keep it a file."""

    pieces: AsyncIterator[bytes]
    media_type: str
    headers: dict[str, str]


async def get(runtime: Runtime, tenant: Scope, attachment_id: UUID) -> Attachment:
    """With a link to its bytes, good for `link_seconds`. Raises NotFound."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        row = await store_files.attachment(tx, tenant, attachment_id)
    if row is None:
        raise NotFound
    found = attachments_of(row["json"])[0]
    expires_at = runtime.now() + timedelta(seconds=runtime.settings.link_seconds)
    found.download_url = await _link(runtime, tenant.organization_id, row, expires_at)
    found.download_url_expires_at = rfc3339(expires_at)
    return found


async def load_bytes(runtime: Runtime, organization_id: UUID, attachment_id: UUID) -> bytes:
    """Raises NotFound. Asks nobody's rights: whoever calls has found the attachment under its tenant."""
    return await stored.load(runtime, organization_id, attachment_id)


async def open_download(runtime: Runtime, token: str) -> Download:
    """The file that a link of ours names. Raises NotFound."""
    link = links.read(runtime.keyring, "download", token, runtime.now())
    async with runtime.database.transaction(link.organization_id) as tx:
        row = await store_files.linked_file(tx, link.organization_id, link.file_id)
    if row is None:
        raise links.link_is_over()
    pieces = await stored.pieces(runtime, link.organization_id, link.file_id, row["content"], row["stored_at"])
    headers = {
        "Content-Disposition": content_disposition(row["filename"]),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Length": str(row["size"]),
    }
    return Download(pieces=pieces, media_type=served_type(row["mime_type"], row["flags"]), headers=headers)


def served_type(mime_type: str, flags: list[str]) -> str:
    """The type to serve a file under: octet-stream for what is active, and for what is not what it says it is."""
    safe = safe_media_type(mime_type)
    misleads = "type_mismatch" in flags or any(part in safe for part in _ACTIVE)
    return "application/octet-stream" if misleads else safe


async def _link(runtime: Runtime, organization_id: UUID, row: Any, expires_at: datetime) -> str:
    if row["in_store"] and row["stored_at"] is not None:
        url = await runtime.blobs.download_url(
            blob_key(organization_id, row["id"], row["stored_at"]),
            seconds=runtime.settings.link_seconds,
            filename=row["filename"],
            media_type=served_type(row["mime_type"], row["flags"]),
        )
        if url is not None:
            return url
    return runtime.public_url + links.path_of(runtime.keyring, "download", Link(organization_id, row["id"]), expires_at)
