"""Threads: one with its messages, and the two orders that a list of them has."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from agentpost_server import inboxes
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages import labels as label_rules
from agentpost_server.messages import store_labels, store_threads
from agentpost_server.messages.listing import HIGHEST, LOWEST, inboxes_of
from agentpost_server.messages.model import Thread, thread_of
from agentpost_server.web.lists import ListQuery, OpenPage
from agentpost_server.web.paging import Page

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 1, 1, tzinfo=UTC)
# The server's own labels are on most messages: the walk follows another one when it can.
_COMMON = {"unread": 1, "received": 2, "sent": 2}


async def find(tx: Tx, tenant: Scope, thread_id: UUID) -> Thread:
    """Raises NotFound."""
    row = await store_labels.read_thread(tx, tenant, thread_id)
    if row is None:
        raise NotFound
    return thread_of(row)


async def list_threads(
    tx: Tx, tenant: Scope, listing: ListQuery, inbox_id: str | None, labels: tuple[str, ...]
) -> Page[Thread]:
    """By last activity; with labels by the newest message that has the label."""
    wanted = tuple(sorted(label_rules.check(labels), key=lambda one: (_COMMON.get(one, 0), one)))
    walked = inboxes_of(tenant, inbox_id)
    page = listing.open("threads", tenant.organization_id, tenant.environment_id, inbox_id, wanted, tenant.inbox_ids)
    rows = await _rows(tx, tenant, page, walked, wanted)
    if not rows and inbox_id is not None:
        await inboxes.find(tx, tenant, ids.decode("inb", inbox_id))
    return page.of(rows, _key_by_label if wanted else _key_by_activity, thread_of)


async def _rows(tx: Tx, tenant: Scope, page: OpenPage, walked: tuple[UUID, ...], wanted: tuple[str, ...]) -> list[Any]:
    if not wanted:
        place = _position(page.after, page.ascending)
        return await store_threads.by_activity(tx, tenant, walked, place, page.ascending, page.limit + 1)
    if "held" in wanted and not tenant.sees_held:
        # Nothing of theirs has it, and there may be much to walk past.
        return []
    after = page.uuid() or (LOWEST if page.ascending else HIGHEST)
    return await store_threads.by_label(tx, tenant, walked, wanted, after, page.ascending, page.limit + 1)


def _position(after: tuple[Any, ...] | None, ascending: bool) -> tuple[datetime, UUID]:
    if after is None:
        return (_FIRST, LOWEST) if ascending else (_LAST, HIGHEST)
    return datetime.fromisoformat(after[0]), UUID(bytes=after[1])


def _key_by_activity(row: Any) -> list[object]:
    return [row["last_message_at"].isoformat(), row["id"].bytes]


def _key_by_label(row: Any) -> list[object]:
    return [row["position"].bytes]
