"""Storing messages, whichever way they came: into their threads, with contents, facets and files, a batch at a time.

One lock an inbox, held to the end of the transaction, keeps two writers from opening two threads for one conversation.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.db import Tx
from agentpost_server.mail.address import canonical
from agentpost_server.mail.model import Address
from agentpost_server.messages import store_add
from agentpost_server.messages.new import Added, NewMessage
from agentpost_server.messages.placed import PlacedMessage, ThreadState
from agentpost_server.messages.threading import Conversations, Key, Named, Place, named

_PARTICIPANTS: Final = 100
# A mail to a thousand people is found by the first of them only.
_ADDRESS_FACETS: Final = 200


async def add(tx: Tx, messages: Sequence[NewMessage]) -> list[Added | None]:
    """Store a batch, of several organizations if the transaction sees them. Answers in order; None: it stood already.

    Writes a blobs row for every attachment that has none (`content` None: the bytes lie, or will lie, in the blob
    store under `blob_key(organization_id, attachment.id, message.created_at)`). The raw blob and the events are the
    caller's.
    """
    if not messages:
        return []
    names = [named(one.inbox_id, one.message_id_header, one.in_reply_to, one.references) for one in messages]
    await store_add.lock_inboxes(tx, {one.inbox_id for one in messages})
    standing = await store_add.find_standing(tx, messages)
    known = await store_add.find_known(tx, _keys(messages, names))
    threads = await _lock_threads(tx, messages, known)
    conversations = Conversations((key, thread) for key, thread in known if thread in threads)

    placed: list[PlacedMessage] = []
    answers: list[Added | None] = []
    heard: dict[Key, tuple[UUID, UUID, UUID | None]] = {}
    for message, its_names in zip(messages, names, strict=True):
        if message.id in standing:
            answers.append(None)
            continue
        standing.add(message.id)
        given = message.thread_id if message.thread_id in threads else None
        place = conversations.place(its_names, given)
        one, opens = _join(message, place, threads)
        placed.append(one)
        answers.append(Added(message_id=message.id, thread_id=one.thread_id, thread_created=opens, flags=one.flags))
        for key in its_names.answered:
            heard.setdefault(key, (message.scope.organization_id, conversations.thread_of(key), None))
        earlier = heard.get(its_names.own)
        if earlier is None or earlier[2] is None:
            owner = conversations.thread_of(its_names.own)
            heard[its_names.own] = (message.scope.organization_id, owner, message.id)
    if placed:
        touched = {one.thread_id for one in placed}
        unindexed = await store_add.insert(tx, placed, [threads[one] for one in sorted(touched)], heard)
        answers = [_with_flag(one, "unindexed") if one and one.message_id in unindexed else one for one in answers]
    return answers


def _keys(messages: Sequence[NewMessage], names: Sequence[Named]) -> set[tuple[UUID, Key]]:
    return {
        (message.scope.organization_id, key)
        for message, its_names in zip(messages, names, strict=True)
        for key in its_names.all
    }


async def _lock_threads(
    tx: Tx, messages: Sequence[NewMessage], known: Sequence[tuple[Key, UUID]]
) -> dict[UUID, ThreadState]:
    """The threads that the batch may join, locked; one that was deleted meanwhile is not among them."""
    wanted = {thread for _, thread in known} | {one.thread_id for one in messages if one.thread_id}
    if not wanted:
        return {}
    organizations = {one.scope.organization_id for one in messages}
    return {state.id: state for state in await store_add.lock_threads(tx, organizations, wanted)}


def _join(message: NewMessage, place: Place, threads: dict[UUID, ThreadState]) -> tuple[PlacedMessage, bool]:
    """Count the message into its thread, which is made when it is the first. True when the thread begins with it.

    Withheld mail lies in its thread and says nothing there: the thread begins with the first mail that is shown.
    """
    thread = threads.get(place.thread_id)
    if thread is None:
        thread = threads[place.thread_id] = ThreadState(
            id=place.thread_id,
            scope=message.scope,
            inbox_id=message.inbox_id,
            subject=message.subject,
            created_at=message.created_at,
            last_message_at=message.created_at,
        )
    is_first, is_shown = thread.message_count == 0, message.status != "held"
    members = {canonical(one.email) for one in thread.participants}
    found = ["thread_conflict"] if place.conflict else []
    if not is_first and message.direction == "inbound" and canonical(message.from_address.email) not in members:
        # Nor does an outsider bring others in: who belongs here is said by those who do.
        found.append("untrusted_participant")
    elif is_shown and (is_first or message.trust != "failed"):
        # Nor does who only claims to be one of them.
        _welcome(message, thread, members)
    if is_shown:
        _count(message, thread, is_first=is_first)
    placed = PlacedMessage(
        message=message,
        thread_id=thread.id,
        flags=tuple(dict.fromkeys((*message.flags, *found))),
        facets=facets_of(message),
        people=people_of(message),
    )
    return placed, is_first and is_shown


def _count(message: NewMessage, thread: ThreadState, *, is_first: bool) -> None:
    if is_first:
        thread.subject = message.subject
    thread.message_count += 1
    thread.labels = sorted({*thread.labels, *message.labels})
    thread.has_attachments = thread.has_attachments or bool(message.attachments)
    if is_first or message.created_at >= thread.last_message_at:
        thread.last_message_id, thread.last_message_at = message.id, message.created_at
        thread.preview = message.preview


def _welcome(message: NewMessage, thread: ThreadState, members: set[str]) -> None:
    for one in _people(message):
        email = canonical(one.email)
        if email not in members and len(members) < _PARTICIPANTS:
            members.add(email)
            thread.participants.append(one)


def _people(message: NewMessage) -> list[Address]:
    """Everyone on it, its author first; blind copies are known only on mail of our own."""
    return [message.from_address, *message.to_addresses, *message.cc_addresses, *_blind(message)]


def _words(one: Address) -> str:
    """The address whole and in its two parts: people search for either."""
    return f"{one.email} {one.email.replace('@', ' ')} {one.name or ''}"


def _blind(message: NewMessage) -> Iterable[Address]:
    return message.bcc_addresses if message.direction == "outbound" else ()


def people_of(message: NewMessage) -> str:
    """Whom search finds it by."""
    return " ".join(_words(one) for one in _people(message)[:_ADDRESS_FACETS])


def facets_of(message: NewMessage) -> list[str]:
    """What lists filter it by."""
    recipients = [*message.to_addresses, *message.cc_addresses, *_blind(message)][:_ADDRESS_FACETS]
    facets = [f"label:{label}" for label in message.labels]
    facets.append(f"from:{canonical(message.from_address.email)}")
    facets += [f"to:{canonical(one.email)}" for one in recipients]
    if message.status != "received":
        facets.append(f"status:{message.status}")
    if message.attachments:
        facets.append("attachments")
    return list(dict.fromkeys(facets))


def _with_flag(added: Added, flag: str) -> Added:
    return msgspec.structs.replace(added, flags=(*added.flags, flag))
