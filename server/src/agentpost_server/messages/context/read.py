"""The verb: load the newest mail, fill the budget beside the event loop, seal where the next answer begins."""

import asyncio
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core.errors import BadRequest
from agentpost_server.core.scope import Scope
from agentpost_server.mail.model import Address
from agentpost_server.messages import file_text, threads
from agentpost_server.messages.context import store
from agentpost_server.messages.context.fence import new_nonce
from agentpost_server.messages.context.fill import Request, fill
from agentpost_server.messages.context.model import Context, Format, Mail, Page, Place
from agentpost_server.messages.context.pieces import PREDECESSORS
from agentpost_server.messages.context.tokens import NAME
from agentpost_server.messages.file_text import FilesOfMessage
from agentpost_server.messages.listing import HIGHEST
from agentpost_server.runtime import Runtime
from agentpost_server.web.paging import read_cursor, write_cursor

# Of each file its beginning, of each message its first files: the words of the mail come first.
_FILE_CHARACTERS: Final = 8_000
_FILES: Final = 5
_address: Final = msgspec.json.Decoder(Address)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. `nonce` is given by tests only."""

    max_tokens: int
    offset: str | None
    form: Format
    hidden: bool
    nonce: str | None = None


async def read_context(runtime: Runtime, tenant: Scope, thread_id: UUID, wanted: Wanted) -> Context:
    """Raises NotFound, BadRequest for an offset of another thread, Invalid for a budget too small for any text."""
    name = f"context:{thread_id}:{wanted.hidden}"
    place = _place(runtime, tenant, name, wanted.offset)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        found = await threads.find(tx, tenant, thread_id)
        up_to = HIGHEST if place is None else place.message_id
        rows = await store.newest(tx, tenant, thread_id, up_to, PREDECESSORS)
        files = await file_text.beginnings(
            tx,
            tenant,
            [row["id"] for row in rows if row["shown"]],
            most_characters=_FILE_CHARACTERS,
            most_files=_FILES,
        )
    asked = Request(
        mails=[_mail(row, files.get(row["id"])) for row in rows],
        shown=sum(row["shown"] for row in rows),
        place=place,
        form=wanted.form,
        max_tokens=wanted.max_tokens,
        hidden=wanted.hidden,
    )
    nonce = wanted.nonce or new_nonce()
    filled = await asyncio.to_thread(fill, asked, nonce)
    following = None
    if filled.next is not None:
        key = [filled.next.message_id.bytes, filled.next.characters]
        following = write_cursor(runtime.keyring, name, tenant.organization_id, key)
    return Context(
        thread_id=found.id,
        format=wanted.form,
        content=filled.content,
        tokens=filled.tokens,
        max_tokens=wanted.max_tokens,
        tokenizer=NAME,
        nonce=nonce,
        truncated=following is not None,
        next_offset=following,
        spans=filled.spans,
        omitted=filled.omitted,
    )


def _place(runtime: Runtime, tenant: Scope, name: str, offset: str | None) -> Place | None:
    try:
        key = read_cursor(runtime.keyring, name, tenant.organization_id, offset)
    except BadRequest:
        raise BadRequest(
            "This offset was not given out for this thread with these settings.",
            code="invalid_page_token",
            fix="Take next_offset from the answer before, or leave offset out to begin.",
        ) from None
    return None if key is None else Place(UUID(bytes=key[0]), key[1])


def _mail(row: Any, files: FilesOfMessage | None) -> Mail:
    found = () if files is None else files.files
    return Mail(
        id=row["id"],
        direction=row["direction"],
        status=row["status"],
        trust=row["trust"],
        sender=_address.decode(row["from_address"]).email,
        subject=row["subject"],
        sent_at=row["created_at"],
        html=row["html_body"],
        text=row["text_body"],
        pages=tuple(Page(one.attachment_id, page.page, page.text) for one in found for page in one.pages if page.text),
        whole_files=files is None or (files.all_of_them and all(one.whole for one in found)),
    )
