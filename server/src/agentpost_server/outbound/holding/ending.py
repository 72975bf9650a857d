"""Ends of a hold at which nothing is sent: a person's no, or its time. Decided under the message's lock."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from agentpost_server import audit
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.messages.model import Message
from agentpost_server.messages.read import get
from agentpost_server.outbound import states
from agentpost_server.outbound.announce import names
from agentpost_server.outbound.holding import deciding
from agentpost_server.outbound.store import holds as store
from agentpost_server.outbound.store import states as states_store

Why = Literal["approval_rejected", "approval_expired", "suppressed", "policy"]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """`detail` is one sentence for those who ask why; `note` is what the person who said no wrote."""

    why: Why
    actor: Actor
    detail: str
    note: str | None = None


def rejection(actor: Actor, note: str | None) -> End:
    return End(why="approval_rejected", actor=actor, detail=note or "A person decided that it is not sent.", note=note)


async def reject(tx: Tx, tenant: Scope, message_id: UUID, end: End, moment: datetime) -> Message:
    """Nothing of it goes out. Conflict (`already_decided`) for who comes second."""
    key = (tenant.organization_id, message_id)
    held = (await states.hold(tx, [key])).get(key)
    if held is None:
        raise NotFound
    row = await deciding.find(tx, tenant, message_id)
    deciding.refuse_decided(row)
    waiting = [email for email, status in held.statuses.items() if status == "queued"]
    await states_store.write_recipients(tx, [(*key, email, "rejected", end.detail, None) for email in waiting])
    await states_store.write_messages(tx, [(*key, row["status"], "rejected", False)])
    await leave(tx, tenant, row["id"], end.actor, moment, end.note)
    step = (*key[:1], ids.new_id(), message_id, "rejected", *(None,) * 6, end.detail)
    await states_store.insert_message_events(tx, [step])
    data = {**names(held.row), "reason": end.why, "decided_by": end.actor, "detail": end.detail}
    await append(tx, tenant, NewEvent(type="message.rejected", inbox_id=row["inbox_id"], data=data))
    message = await get(tx, tenant, message_id)
    await audit.record(
        tx, tenant.organization_id, end.actor, "message.rejected", message.id, after={"hold": message.hold}
    )
    return message


async def leave(
    tx: Tx, tenant: Scope, message_id: UUID, actor: Actor, moment: datetime, note: str | None = None
) -> None:
    """The hold ends, whatever became of the message."""
    said = deciding.decided(actor, moment, note)
    await store.decide(tx, tenant, message_id, msgspec.json.encode(said).decode())
