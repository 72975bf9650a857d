"""Bytes put up before the send that uses them: a URL to PUT them to, and the key that a send names.

The URL is the blob store's own where it can sign one, else ours: then the size is enforced while reading.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.content_disposition import safe_media_type
from agentpost_server.core.errors import Conflict, Invalid, TooLarge, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.mail.filenames import safe_filename
from agentpost_server.messages import links, store_files
from agentpost_server.messages.links import Link
from agentpost_server.messages.model import NewUpload, UploadUrl
from agentpost_server.messages.stored import SMALL_OCTETS
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime

_OCTET_STREAM: Final = "application/octet-stream"


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """What a send may attach: its bytes are read with `attachments.load_bytes(runtime, organization_id, id)`."""

    id: UUID
    filename: str
    mime_type: str
    size: int


async def prepare(runtime: Runtime, tx: Tx, tenant: Scope, wanted: NewUpload) -> UploadUrl:
    """Signing asks nobody, so it may stand inside the transaction."""
    filename, mime_type = _checked(wanted, runtime.settings.max_send_octets)
    upload_id, now = ids.new_id(), runtime.now()
    seconds = runtime.settings.link_seconds
    await store_files.insert_upload(
        tx,
        tenant,
        upload_id,
        filename=filename,
        mime_type=mime_type,
        size=wanted.size,
        expires_at=now + max(timedelta(hours=runtime.settings.upload_hours), timedelta(seconds=seconds)),
    )
    expires_at = now + timedelta(seconds=seconds)
    headers = {"Content-Type": mime_type}
    url = await runtime.blobs.upload_url(
        blob_key(tenant.organization_id, upload_id, now), seconds=seconds, media_type=mime_type, size=wanted.size
    )
    if url is None:
        url = runtime.public_url + links.path_of(
            runtime.keyring, "upload", Link(tenant.organization_id, upload_id), expires_at
        )
    else:
        headers["Content-Length"] = str(wanted.size)
        # The store takes the bytes without telling us: their row stands from now on.
        await store_files.insert_blob(
            tx,
            tenant.organization_id,
            upload_id,
            size=wanted.size,
            sha256=None,
            mime_type=mime_type,
            content=None,
            stored_at=now,
        )
    return UploadUrl(
        upload_url=url,
        method="PUT",
        headers=headers,
        key=ids.encode("att", upload_id),
        expires_at=rfc3339(expires_at),
    )


async def find(tx: Tx, tenant: Scope, key: str) -> Upload | None:
    """The upload of a key, if its bytes are there (or were promised to the blob store) and it is not over."""
    upload_id = ids.decode_or_none("att", key)
    row = None if upload_id is None else await store_files.upload(tx, tenant, upload_id)
    if row is None:
        return None
    return Upload(id=row["id"], filename=row["filename"], mime_type=row["mime_type"], size=row["size"])


async def receive(runtime: Runtime, token: str, body: AsyncIterator[bytes]) -> None:
    """Take the bytes of a PUT to a link of ours. The same bytes again are welcome, others are a Conflict."""
    link = links.read(runtime.keyring, "upload", token, runtime.now())
    async with runtime.database.transaction(link.organization_id) as tx:
        row = await store_files.linked_upload(tx, link.organization_id, link.file_id)
    if row is None:
        raise links.link_is_over()
    with tempfile.TemporaryDirectory(prefix="agentpost-upload-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "bytes"
        small, sha256 = await _spool(path, body, row["size"])
        if row["sha256"] is not None:
            _same(row["sha256"], sha256)
            return
        stored_at = runtime.now()
        if small is None:
            key = blob_key(link.organization_id, link.file_id, stored_at)
            await runtime.blobs.put(key, path, media_type=row["mime_type"])
    async with runtime.database.transaction(link.organization_id) as tx:
        inserted = await store_files.insert_blob(
            tx,
            link.organization_id,
            link.file_id,
            size=row["size"],
            sha256=sha256,
            mime_type=row["mime_type"],
            content=small,
            stored_at=stored_at,
        )
        # A later statement than the one that lost: only its snapshot sees what the winner put up.
        now_there = await store_files.linked_upload(tx, link.organization_id, link.file_id)
        if now_there is None:
            raise links.link_is_over()
        if not inserted:
            _same(now_there["sha256"], sha256)


async def _spool(path: Path, body: AsyncIterator[bytes], size: int) -> tuple[bytes | None, bytes]:
    """The bytes when they are few, else None and a file at `path`; and their SHA-256. Memory stays below 512 KiB."""
    held, received, digest = bytearray(), 0, hashlib.sha256()
    async for piece in body:
        received += len(piece)
        if received > size:
            raise TooLarge(f"More than the {size} octets that were announced.", fix="Ask for a URL for the real size.")
        digest.update(piece)
        held += piece
        if size > SMALL_OCTETS and len(held) >= SMALL_OCTETS:
            await asyncio.to_thread(_append, path, bytes(held))
            held.clear()
    if received != size:
        raise Invalid(f"{received} octets came, {size} were announced.", fix="Send the whole file.")
    if size <= SMALL_OCTETS:
        return bytes(held), digest.digest()
    await asyncio.to_thread(_append, path, bytes(held))
    return None, digest.digest()


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def _same(stored: bytes, given: bytes) -> None:
    if stored != given:
        raise Conflict("Other bytes were put up here before.", fix="Ask for a new upload URL.")


def _checked(wanted: NewUpload, largest: int) -> tuple[str, str]:
    filename = safe_filename(wanted.filename)
    if not filename:
        raise invalid_field("filename", "is not a file name")
    mime_type = safe_media_type(wanted.mime_type)
    if mime_type == _OCTET_STREAM and wanted.mime_type.partition(";")[0].strip().lower() != _OCTET_STREAM:
        raise invalid_field("mime_type", "is not a media type such as application/pdf")
    if wanted.size > largest:
        raise TooLarge(
            f"{wanted.size} octets are more than a whole message may have ({largest}).",
            code="message_too_large",
            fix="Send a link to the file instead.",
        )
    return filename, mime_type
