"""The files of drafts. Their bytes are fetched when the draft is written and are its own from then on: an upload that
ends or a message that is deleted takes nothing from it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import TooLarge
from agentpost_server.core.scope import Scope
from agentpost_server.drafts.content import Content, StoredFile
from agentpost_server.mail.filenames import safe_filename
from agentpost_server.messages import attachments
from agentpost_server.outbound.drafted import Given
from agentpost_server.outbound.files import File
from agentpost_server.outbound.gather import gather
from agentpost_server.outbound.model import AttachmentIn
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What a request's `attachments` mean: all files that the draft shall have, in order, and the bytes of new ones."""

    files: tuple[StoredFile, ...]
    fresh: tuple[File, ...]
    at: datetime

    def rows(self) -> list[tuple[UUID, int, str, str, bytes | None]]:
        """(id, size, SHA-256, media type, bytes or None where they lie in the blob store) of each new one."""
        made = [one.stored() for one in self.fresh]
        return [(one.id, one.size, one.sha256, one.mime_type, one.content) for one in made]


async def fetch(
    runtime: Runtime, tenant: Scope, inbox_id: UUID, wanted: Sequence[AttachmentIn], known: Mapping[str, StoredFile]
) -> Gathered:
    """`known`: the draft's own files by key, which are named and not fetched again."""
    at = runtime.now()
    wanted = [msgspec.structs.replace(one, key=_key(one.key)) if one.key else one for one in wanted]
    fresh = iter(await gather(runtime, tenant, inbox_id, wanted, known=known.keys()))
    files: list[StoredFile] = []
    new: list[File] = []
    for one in wanted:
        if one.key is not None and (own := known.get(one.key)) is not None:
            files.append(_renamed(own, one))
        else:
            new.append(next(fresh))
            files.append(_described(new[-1], one))
    return Gathered(files=tuple(files), fresh=tuple(new), at=at)


async def keep_large(runtime: Runtime, tenant: Scope, gathered: Gathered) -> None:
    for one in gathered.fresh:
        if one.is_large:
            key = blob_key(tenant.organization_id, one.id, gathered.at)
            await runtime.blobs.put(key, one.content, media_type=one.mime_type)


async def remove_large(runtime: Runtime, tenant: Scope, gathered: Gathered) -> None:
    for one in gathered.fresh:
        if one.is_large:
            await runtime.blobs.delete(blob_key(tenant.organization_id, one.id, gathered.at))


async def load(runtime: Runtime, organization_id: UUID, content: Content) -> list[Given]:
    """The files as a send takes them: copies with ids of their own. Raises NotFound when the draft is gone."""
    return [
        Given(
            described=described,
            file=File(
                id=ids.new_id(),
                filename=one.filename,
                mime_type=one.mime_type,
                declared=one.declared,
                flags=one.flags,
                content=await attachments.load_bytes(runtime, organization_id, one.id),
                inline=one.inline,
                content_id=one.content_id,
            ),
        )
        for one, described in zip(content.files, content.described(), strict=True)
    ]


def refuse_too_large(content: Content, most: int) -> None:
    """A draft that could never be sent is not kept. Raises TooLarge (413 `message_too_large`)."""
    bodies = sum(len(one.encode()) for one in (content.text_body, content.html_body) if one)
    if (plain := bodies + sum(one.size for one in content.files)) > most:
        raise TooLarge(
            f"The draft is too large. Its parts have {plain} octets. At most {most} may be sent.",
            code="message_too_large",
            fix="Keep fewer or smaller attachments, or links to them.",
        )


def _key(text: str) -> str:
    """As it is written out: ids are read in either case."""
    found = ids.decode_or_none("att", text)
    return text if found is None else ids.encode("att", found)


def _described(one: File, source: AttachmentIn) -> StoredFile:
    return StoredFile(
        id=one.id,
        filename=one.filename,
        mime_type=one.mime_type,
        declared=one.declared,
        size=len(one.content),
        inline=one.inline,
        content_id=one.content_id,
        flags=one.flags,
        url=source.url,
        attachment_id=source.attachment_id,
    )


def _renamed(own: StoredFile, one: AttachmentIn) -> StoredFile:
    """The same bytes, as the request describes them now; what it leaves out stays."""
    return msgspec.structs.replace(
        own,
        filename=safe_filename(one.filename or "") or own.filename,
        declared=one.mime_type or own.declared,
        inline=one.inline or own.inline,
        content_id=one.content_id or own.content_id,
    )
