"""Inbound mail that screening withheld: shown to its inbox after all, or kept away for good."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server import audit
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.messages.model import Message
from agentpost_server.messages.read import get
from agentpost_server.messages.rewrite import take_in, take_thread
from agentpost_server.outbound.announce import names
from agentpost_server.outbound.holding import deciding, ending
from agentpost_server.outbound.holding.deciding import Decider
from agentpost_server.outbound.store import holds as store
from agentpost_server.outbound.store import states as states_store

_TEXT_OCTETS: Final = 64 * 1024
_ADDRESSES: Final = 100


async def approve(
    tx: Tx, tenant: Scope, decider: Decider, message_id: UUID, revision: int, moment: datetime
) -> Message:
    """From now on it is like any mail that came in: `message.received` is told."""
    row = await _locked(tx, tenant, message_id)
    deciding.refuse_revision(row, revision)
    await ending.leave(tx, tenant, message_id, decider.actor, moment)
    await store.show(tx, tenant, message_id)
    opens = await take_in(tx, tenant, row["thread_id"])
    message = await get(tx, tenant, message_id)
    begun = {
        "thread_id": message.thread_id,
        "inbox_id": message.inbox_id,
        "subject": message.subject,
        **_origin(message),
    }
    data = {**names(row), "direction": "inbound", "decided_by": decider.actor, "revision": revision}
    await append(
        tx,
        tenant,
        NewEvent(type="message.approved", inbox_id=row["inbox_id"], data=data),
        *([NewEvent(type="thread.created", inbox_id=row["inbox_id"], data=begun)] if opens else []),
        NewEvent(type="message.received", inbox_id=row["inbox_id"], data=_received(message)),
    )
    await _audit(tx, tenant, decider, "message.approved", message)
    return message


async def reject(
    tx: Tx, tenant: Scope, decider: Decider, message_id: UUID, note: str | None, moment: datetime
) -> Message:
    """It stays `held`, and says who decided so."""
    row = await _locked(tx, tenant, message_id)
    await ending.leave(tx, tenant, message_id, decider.actor, moment, note)
    detail = note or "A person decided that it stays away."
    data = {**names(row), "reason": "approval_rejected", "decided_by": decider.actor, "detail": detail}
    await append(tx, tenant, NewEvent(type="message.rejected", inbox_id=row["inbox_id"], data=data))
    message = await get(tx, tenant, message_id)
    await _audit(tx, tenant, decider, "message.rejected", message)
    return message


async def _locked(tx: Tx, tenant: Scope, message_id: UUID) -> Any:
    await take_thread(tx, tenant, message_id)
    await states_store.lock_messages(tx, [(tenant.organization_id, message_id)])
    row = await deciding.find(tx, tenant, message_id)
    deciding.refuse_decided(row)
    return row


async def _audit(tx: Tx, tenant: Scope, decider: Decider, action: str, message: Message) -> None:
    await audit.record(tx, tenant.organization_id, decider.actor, action, message.id, after={"hold": message.hold})


def _origin(message: Message) -> dict[str, object]:
    return {
        "direction": "inbound",
        "trust": message.trust,
        "authentication": None if message.authentication is None else msgspec.to_builtins(message.authentication),
        "flags": message.flags,
    }


def _received(message: Message) -> dict[str, object]:
    """As ingest tells it."""
    text = message.extracted_text or ""
    too_long = len(text) * 4 > _TEXT_OCTETS and len(text.encode()) > _TEXT_OCTETS
    crowded = len(message.to_addresses) > _ADDRESSES or len(message.cc_addresses) > _ADDRESSES
    return {
        "message_id": message.id,
        "thread_id": message.thread_id,
        "inbox_id": message.inbox_id,
        **_origin(message),
        "from_address": message.from_address.email,
        "to_addresses": [one.email for one in message.to_addresses[:_ADDRESSES]],
        "cc_addresses": [one.email for one in message.cc_addresses[:_ADDRESSES]],
        "subject": message.subject,
        "preview": message.preview,
        "extracted_text": "" if too_long else text,
        "has_attachments": message.has_attachments,
        "labels": message.labels,
        "received_at": message.received_at or message.created_at,
        "screening_score": None if message.screening is None else message.screening.score,
        "truncated": too_long or crowded,
    }
