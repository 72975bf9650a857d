"""The events of received mail (SPEC 22): addresses as plain strings, ids encoded, texts within bounds."""

from typing import Final
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.events.append import NewEvent
from agentpost_server.messages.new import Added, NewMessage, origin_of

_TEXT_OCTETS: Final = 64 * 1024
_ADDRESSES: Final = 100


def received(
    message: NewMessage, added: Added, rule_id: UUID | None = None, policy_id: str | None = None
) -> list[NewEvent]:
    """`thread.created` when the thread begins with the message, then `message.received`; of what a filter rule blocks,
    and of spam by no rule, `message.blocked`; of what is held nothing but `message.held`, by that policy, without its
    words: webhooks and streams do not ask who may see it."""
    thread_id, inbox_id = ids.encode("thr", added.thread_id), ids.encode("inb", message.inbox_id)
    events: list[NewEvent] = []
    if added.thread_created:
        data = {
            "thread_id": thread_id,
            "inbox_id": inbox_id,
            "subject": message.subject,
            **origin_of(message, added),
        }
        events.append(NewEvent(type="thread.created", inbox_id=message.inbox_id, data=data))
    if message.status == "held":
        events.append(_held(message, added, thread_id, inbox_id, policy_id))
        return events
    text = message.extracted_text or ""
    too_long = len(text) * 4 > _TEXT_OCTETS and len(text.encode()) > _TEXT_OCTETS
    crowded = len(message.to_addresses) > _ADDRESSES or len(message.cc_addresses) > _ADDRESSES
    data: dict[str, object] = {
        "message_id": ids.encode("msg", message.id),
        "thread_id": thread_id,
        "inbox_id": inbox_id,
        **origin_of(message, added),
        "from_address": message.from_address.email,
        "to_addresses": [one.email for one in message.to_addresses[:_ADDRESSES]],
        "cc_addresses": [one.email for one in message.cc_addresses[:_ADDRESSES]],
        "subject": message.subject,
        "preview": message.preview,
        "extracted_text": "" if too_long else text,
        "has_attachments": bool(message.attachments),
        "labels": list(message.labels),
        "received_at": rfc3339(message.received_at or message.created_at),
        "screening_score": None if message.screening is None else message.screening["score"],
        "truncated": too_long or crowded,
    }
    if is_blocked := rule_id is not None or "spam" in message.labels:
        data["rule_id"] = ids.encode_or_none("rul", rule_id)
    kind = "message.blocked" if is_blocked else "message.received"
    events.append(NewEvent(type=kind, inbox_id=message.inbox_id, data=data))
    return events


def _held(message: NewMessage, added: Added, thread_id: str, inbox_id: str, policy_id: str | None) -> NewEvent:
    data: dict[str, object] = {
        "message_id": ids.encode("msg", message.id),
        "thread_id": thread_id,
        "inbox_id": inbox_id,
        **origin_of(message, added),
        "status": "held",
        "reason": "screening",
        "policy_id": policy_id,
        "approve_by": None,
    }
    return NewEvent(type="message.held", inbox_id=message.inbox_id, data=data)
