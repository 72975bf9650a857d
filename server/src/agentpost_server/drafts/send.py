"""Sending a draft: the one send path, in whose transaction the draft goes. So it is sent once, whoever asks how often,
and what refuses the send keeps the draft.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.drafts import files, store
from agentpost_server.drafts.content import Content
from agentpost_server.drafts.tell import sent
from agentpost_server.drafts.write import refuse_other_revision, revision_conflict
from agentpost_server.events import append
from agentpost_server.messages.model import Message
from agentpost_server.outbound import submit
from agentpost_server.outbound.drafted import Drafted
from agentpost_server.outbound.holding.hold import CoWritten
from agentpost_server.policies import Hold
from agentpost_server.runtime import Runtime
from agentpost_server.web.idempotency import Effect


async def send(
    runtime: Runtime, tenant: Scope, effect: Effect, draft_id: UUID, revision: int | None
) -> Response[Message] | Response[Any]:
    """201 with the message; now, whatever `send_at` says."""
    if (first := await effect.replay()) is not None:
        return first
    async with runtime.database.transaction(tenant.organization_id) as tx:
        row = await store.find(tx, tenant, draft_id)
    refuse_other_revision(row, revision)
    return await submit_draft(runtime, tenant, effect, row)


async def submit_draft(
    runtime: Runtime, tenant: Scope, effect: Effect, row: Any, *, attempts: int | None = None, late: Hold | None = None
) -> Response[Message] | Response[Any]:
    """`attempts`: of the claim, where a worker sends it; `late`: what holds one whose time is long over. Conflict or
    NotFound when somebody else was first.

    Its author is who wrote the newest revision, not who sends it. Nobody who wrote any of its revisions can approve it,
    and whoever sends what others wrote may."""
    content = Content.read(row)
    loaded = await files.load(runtime, tenant.organization_id, content)
    return await submit.send(
        runtime,
        tenant,
        msgspec.json.decode(row["author"], type=Actor),
        effect,
        row["inbox_id"],
        content.as_send(),
        Drafted(given=loaded, inside=_taking(tenant, row, attempts), late=late, written=_written(row)),
    )


def _written(row: Any) -> CoWritten:
    return CoWritten(others=tuple(msgspec.json.decode(row["authors"], type=list[Actor])), begun_at=row["created_at"])


def _taking(tenant: Scope, row: Any, attempts: int | None) -> Callable[[Tx, UUID], Awaitable[None]]:
    """Exactly what was read is what becomes the message."""

    async def take(tx: Tx, message_id: UUID) -> None:
        organization_id, draft_id = tenant.organization_id, row["id"]
        if await store.take(tx, organization_id, draft_id, revision=row["revision"], attempts=attempts) is None:
            raise revision_conflict(None) if await store.stands(tx, organization_id, draft_id) else NotFound()
        await append(tx, tenant, sent(row, message_id))

    return take
