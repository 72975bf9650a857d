"""The text of an attached file, page by page: for its reader, and for what makes a model's context of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages import store_file_text
from agentpost_server.messages.model import AttachmentText, FilePage
from agentpost_server.messages.store_file_text import MOST_PAGES


async def pages(
    tx: Tx, tenant: Scope, attachment_id: UUID, *, page: int = 1, offset: int = 0, most_characters: int
) -> AttachmentText:
    """Whole pages from `page` on while they fit into `most_characters`; `offset`: characters of the first one to leave
    out. Raises NotFound."""
    known = await store_file_text.find(tx, tenant, attachment_id)
    if known is None:
        raise NotFound
    rows: list[Any] = []
    if known["text_status"] == "ready":
        rows = await store_file_text.pages(tx, tenant.organization_id, attachment_id, page, offset, most_characters)
    shown = [row for row in rows[:MOST_PAGES] if row["text"] is not None]
    behind = rows[len(shown)]["page"] if len(rows) > len(shown) else None
    end = offset + len(shown[0]["text"]) if shown else 0
    cut = bool(shown) and shown[0]["page"] == page and end < shown[0]["characters"]
    return AttachmentText(
        attachment_id=ids.encode("att", attachment_id),
        text_status=known["text_status"],
        failure=known["failure"],
        pages=[FilePage(page=row["page"], text=row["text"]) for row in shown],
        page_count=known["page_count"] if known["text_status"] == "ready" else None,
        truncated=bool(known["truncated"]) or cut,
        next_page=behind,
        next_offset=end if cut else None,
    )


class FileBeginning(msgspec.Struct, frozen=True, kw_only=True):
    """The first pages of a file. `whole`: that is all there is of it."""

    attachment_id: UUID
    pages: tuple[FilePage, ...]
    whole: bool


class FilesOfMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`all_of_them`: no read file of the message is left out."""

    files: tuple[FileBeginning, ...]
    all_of_them: bool


async def beginnings(
    tx: Tx, tenant: Scope, message_ids: Sequence[UUID], *, most_characters: int, most_files: int
) -> dict[UUID, FilesOfMessage]:
    """By message: its first files that were read, each as far as `most_characters` reach. One statement for all."""
    rows = await store_file_text.beginnings(tx, tenant, message_ids, most_characters, most_files)
    by_message: dict[UUID, dict[UUID, list[Any]]] = {}
    for row in rows:
        by_message.setdefault(row["message_id"], {}).setdefault(row["attachment_id"], []).append(row)
    return {
        message_id: FilesOfMessage(
            files=tuple(_beginning(one) for one in files.values()),
            all_of_them=len(files) == next(iter(files.values()))[0]["files"],
        )
        for message_id, files in by_message.items()
    }


def _beginning(rows: Sequence[Any]) -> FileBeginning:
    last = rows[-1]
    return FileBeginning(
        attachment_id=last["attachment_id"],
        pages=tuple(FilePage(page=row["page"], text=row["text"]) for row in rows),
        whole=not last["truncated"] and last["page"] == last["page_count"] and len(last["text"]) == last["characters"],
    )
