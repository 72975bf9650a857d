"""The two verbs on what waits, whichever way it goes: outbound mail is let go or not, inbound mail shown or not."""

from typing import Any
from uuid import UUID

from litestar import Response

from agentpost_server.core.errors import invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.messages.model import Message
from agentpost_server.outbound.holding import deciding, ending, withheld
from agentpost_server.outbound.holding.deciding import Decider
from agentpost_server.outbound.holding.model import Approve
from agentpost_server.outbound.holding.release import Commit, Wanted, release
from agentpost_server.runtime import Runtime
from agentpost_server.web.idempotency import Effect


async def approve(
    runtime: Runtime, tenant: Scope, decider: Decider, effect: Effect, message_id: UUID, given: Approve
) -> Response[Message] | Response[Any]:
    """200 with the message as it is now."""
    if (first := await effect.replay()) is not None:
        return first
    return await approve_by(runtime, tenant, decider, message_id, given, effect)


async def approve_by(
    runtime: Runtime, tenant: Scope, decider: Decider, message_id: UUID, given: Approve, commit: Commit
) -> Any:
    async with runtime.database.transaction(tenant.organization_id) as tx:
        row = await deciding.find(tx, tenant, message_id)
    if row["direction"] == "inbound":
        if given.changes is not None:
            raise invalid_field("changes", "does not go with mail that came in")
        return await commit(lambda tx: withheld.approve(tx, tenant, decider, message_id, given.revision, runtime.now()))
    wanted = Wanted(revision=given.revision, decider=decider, changes=given.changes)
    return await release(runtime, tenant, message_id, wanted, commit)


async def reject(
    runtime: Runtime, tx: Tx, tenant: Scope, decider: Decider, message_id: UUID, note: str | None
) -> Message:
    row = await deciding.find(tx, tenant, message_id)
    if row["direction"] == "inbound":
        return await withheld.reject(tx, tenant, decider, message_id, note, runtime.now())
    return await ending.reject(tx, tenant, message_id, ending.rejection(decider.actor, note), runtime.now())
