"""Changing one's mind before a message has left: cancel it, or choose another time. Decided under the message's lock,
so that it either was begun or never will be."""

from datetime import datetime
from uuid import UUID

import msgspec

from agentpost_server.accounts.environments import clock_offset
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, NotFound
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.messages.model import Message
from agentpost_server.messages.read import get
from agentpost_server.outbound import states
from agentpost_server.outbound.announce import names, progress
from agentpost_server.outbound.change import Change
from agentpost_server.outbound.check import check_send_at
from agentpost_server.outbound.holding.ending import leave
from agentpost_server.outbound.releasing import release_of
from agentpost_server.outbound.store import states as states_store
from agentpost_server.outbound.store import submit as store
from agentpost_server.policies import CapReached, charge


async def cancel(tx: Tx, tenant: Scope, actor: Actor, message_id: UUID, moment: datetime) -> Message:
    """Nothing of it goes out, whether it waits for its time or for a person. Conflict when the first call was begun
    already."""
    held = await _waiting(tx, tenant, message_id, ("scheduled", "queued", "pending_approval"))
    if held.row["status"] == "pending_approval":
        await leave(tx, tenant, message_id, actor, moment)
    await store.withdraw(tx, tenant, message_id, None)
    key = (tenant.organization_id, message_id)
    changes = [
        Change(organization_id=key[0], message_id=key[1], email=email, status="cancelled") for email in held.statuses
    ]
    await states.apply(tx, {key: held}, changes)
    data = {**names(held.row), "decided_by": msgspec.to_builtins(actor)}
    await append(tx, tenant, NewEvent(type="message.cancelled", inbox_id=held.row["inbox_id"], data=data))
    return await get(tx, tenant, message_id)


async def reschedule(tx: Tx, tenant: Scope, message_id: UUID, send_at: datetime, moment: datetime) -> Message:
    """Another time; one that has just passed is now, and counts against caps. Conflict for what is not scheduled any
    more."""
    held = await _waiting(tx, tenant, message_id, ("scheduled",))
    ahead = await clock_offset(tx, tenant)
    wanted = check_send_at(send_at, moment + ahead)
    status = "scheduled" if wanted is not None else "queued"
    if wanted is None and (over := (await charge(tx, [release_of(held, moment)]))[0]) is not None:
        raise CapReached(over)
    await store.withdraw(tx, tenant, message_id, wanted - ahead if wanted is not None else moment)
    await store.set_send_at(tx, tenant, message_id, wanted)
    organization_id = tenant.organization_id
    await states_store.write_messages(tx, [(organization_id, message_id, held.row["status"], status, False)])
    step = (organization_id, ids.new_id(), message_id, status, *(None,) * 7)
    await states_store.insert_message_events(tx, [step])
    live = [email for email, one in held.statuses.items() if one == "queued"]
    data = progress({**held.row, "send_at": wanted}, status, live)
    await append(tx, tenant, NewEvent(type=f"message.{status}", inbox_id=held.row["inbox_id"], data=data))
    return await get(tx, tenant, message_id)


async def _waiting(tx: Tx, tenant: Scope, message_id: UUID, statuses: tuple[str, ...]) -> states.Held:
    if not await store.is_visible(tx, tenant, message_id):
        raise NotFound
    held = (await states.hold(tx, [(tenant.organization_id, message_id)])).get((tenant.organization_id, message_id))
    if held is None:
        raise NotFound
    if held.row["status"] not in statuses:
        raise Conflict(
            f"The message is {held.row['status']}, not {' or '.join(statuses)}.",
            fix="Only what has not begun to leave can be changed.",
        )
    return held
