"""Labels: their grammar, which of them are the server's own, and changing them on messages and whole threads.

A label is 1 to 64 lower-case characters: it begins with a letter or digit and goes on with those and `. _ : / + -`.
No comma, so that `?labels=a,b` has one reading; no capitals, so that two spellings are never two labels.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from agentpost_server import inboxes
from agentpost_server.core import ids
from agentpost_server.core.errors import FieldError, Invalid, NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.messages import store, store_labels
from agentpost_server.messages.listing import inboxes_of
from agentpost_server.messages.model import Label, Message, Thread, message_of, thread_of
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page

GUARDED: Final = frozenset("received sent unread blocked spam unauthenticated suspicious held loop dead-letter".split())
MOST: Final = 64
_GRAMMAR: Final = re.compile(r"[a-z0-9][a-z0-9._:/+-]{0,63}")
# Reading is the one thing that a client tells the server by a label of the server's.
_OURS_BUT_OPEN: Final = frozenset({"unread"})


def check(labels: Iterable[str], field: str = "labels") -> tuple[str, ...]:
    """The labels once each, in order. 422 for what is not one."""
    unique = tuple(dict.fromkeys(labels))
    wrong = [one for one in unique if not _GRAMMAR.fullmatch(one)]
    if wrong:
        raise _invalid(field, "is not a label: 1 to 64 of a-z 0-9 . _ : / + -, a letter or digit first", wrong)
    return unique


def check_settable(labels: Iterable[str], field: str = "labels") -> tuple[str, ...]:
    """`check`, and none of the labels that only the server sets: for new messages too."""
    unique = check(labels, field)
    ours = [one for one in unique if one in GUARDED - _OURS_BUT_OPEN]
    if ours:
        raise _invalid(field, "is set by the server only", ours, code="guarded_label")
    return unique


async def change(
    tx: Tx, tenant: Scope, message_ids: Sequence[UUID], add: Sequence[str], remove: Sequence[str]
) -> list[Message]:
    """All or nothing: NotFound when one of them is not there. Answers the messages in the order given."""
    added, removed = check_settable(add, "add"), check_settable(remove, "remove")
    unique = list(dict.fromkeys(message_ids))
    await store_labels.lock_threads(tx, tenant, unique)
    rows = await store_labels.lock_messages(tx, tenant, unique)
    if len(rows) != len(unique):
        raise NotFound
    await _change_rows(tx, tenant, rows, added, removed)
    found = {row["id"]: message_of(row) for row in await store.many(tx, tenant, unique)}
    return [found[one] for one in unique]


async def change_one(
    tx: Tx, tenant: Scope, message_id: UUID, *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> Message:
    """Raises NotFound."""
    return (await change(tx, tenant, [message_id], add, remove))[0]


async def change_page(
    tx: Tx, tenant: Scope, message_ids: Sequence[UUID], add: Sequence[str], remove: Sequence[str]
) -> Page[Message]:
    """`change` as a list."""
    return Page(data=await change(tx, tenant, message_ids, add, remove), next_page_token=None)


async def list_labels(tx: Tx, tenant: Scope, listing: ListQuery, inbox_id: str | None) -> Page[Label]:
    """The labels in use, by name. NotFound for an inbox that is not there."""
    walked = inboxes_of(tenant, inbox_id)
    if inbox_id is not None:
        await inboxes.find(tx, tenant, walked[0])
    page = listing.open("labels", tenant.organization_id, tenant.environment_id, inbox_id, tenant.inbox_ids)
    behind = "label:" if page.ascending else "label;"
    after = behind if page.after is None else f"label:{page.after[0]}"
    rows = await store_labels.names(tx, tenant, walked, after, page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["name"]], lambda row: Label(name=row["name"], guarded=row["name"] in GUARDED))


async def change_thread(tx: Tx, tenant: Scope, thread_id: UUID, add: Sequence[str], remove: Sequence[str]) -> Thread:
    """On every message that the thread has now."""
    added, removed = check_settable(add), check_settable(remove)
    if await store_labels.lock_thread(tx, tenant, thread_id) is None:
        raise NotFound
    rows = await store_labels.lock_messages_of_thread(tx, tenant, thread_id)
    await _change_rows(tx, tenant, rows, added, removed)
    return thread_of(await store_labels.read_thread(tx, tenant, thread_id))


async def mark_newest(tx: Tx, tenant: Scope, thread_id: UUID, label: str) -> UUID | None:
    """A label of the server's own on the newest message of a thread. Answers which that is, if it stands."""
    if await store_labels.lock_thread(tx, tenant, thread_id) is None:
        return None
    thread = await store_labels.read_thread(tx, tenant, thread_id)
    rows = await store_labels.lock_messages(tx, tenant, [thread["last_message_id"]])
    await _change_rows(tx, tenant, [row for row in rows if len(row["labels"]) < MOST], (label,), ())
    return rows[0]["id"] if rows else None


async def hold(tx: Tx, tenant: Scope, message_ids: Sequence[UUID]) -> None:
    """Keep what is told of these messages from changing until the transaction ends, in everybody's order."""
    await store_labels.lock_threads(tx, tenant, message_ids)
    await store_labels.lock_messages(tx, tenant, message_ids)


async def mark(tx: Tx, tenant: Scope, message_ids: Sequence[UUID], label: str) -> None:
    """A label of the server's own on those of the messages that stand; it finds no room where 64 are."""
    await store_labels.lock_threads(tx, tenant, message_ids)
    rows = await store_labels.lock_messages(tx, tenant, message_ids)
    await _change_rows(tx, tenant, [row for row in rows if len(row["labels"]) < MOST], (label,), ())


async def _change_rows(
    tx: Tx, tenant: Scope, rows: Sequence[Any], added: tuple[str, ...], removed: tuple[str, ...]
) -> None:
    changed: list[UUID] = []
    news: list[NewEvent] = []
    for row in rows:
        gone = [one for one in removed if one in row["labels"]]
        new = [one for one in added if one not in row["labels"] and one not in removed]
        if not gone and not new:
            continue
        if len(row["labels"]) + len(new) - len(gone) > MOST:
            raise _invalid("labels", f"would be more than {MOST} on {ids.encode('msg', row['id'])}", new)
        changed.append(row["id"])
        news.append(_changed(row, new, gone))
    if changed:
        await store_labels.change(tx, tenant, changed, list(added), list(removed))
        await store_labels.refresh_threads(tx, tenant, list({row["thread_id"] for row in rows}))
        await append(tx, tenant, *news)


def _changed(row: Any, added: list[str], removed: list[str]) -> NewEvent:
    return NewEvent(
        type="message.labels_changed",
        inbox_id=row["inbox_id"],
        data={
            "message_id": ids.encode("msg", row["id"]),
            "thread_id": ids.encode("thr", row["thread_id"]),
            "inbox_id": ids.encode("inb", row["inbox_id"]),
            "added": added,
            "removed": removed,
        },
    )


def _invalid(field: str, message: str, labels: Sequence[str], *, code: str = "invalid_label") -> Invalid:
    shown = ", ".join(repr(one[:64]) for one in labels[:5])
    return Invalid(
        f"{field}: {shown} {message}.",
        fix="Send ordinary labels, such as billing or team:blue; of the server's own only unread may be changed.",
        errors=(FieldError(field=field, message=f"{shown} {message}", code=code),),
    )
