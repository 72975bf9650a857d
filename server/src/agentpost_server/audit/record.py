"""One verb: record. Secrets never come here: callers hand in what the API would show."""

from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.audit import store
from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.db import Tx


async def record(
    tx: Tx,
    organization_id: UUID,
    actor: Actor,
    action: str,
    target: str,
    *,
    ip: str | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """`record(tx, org, actor, "api_key.created", "key_…", after=key)`: before and after as the API shows them."""
    await store.insert(
        tx,
        organization_id,
        ids.new_id(),
        msgspec.json.encode(actor).decode(),
        ip,
        action,
        target,
        None if before is None else msgspec.json.encode(before).decode(),
        None if after is None else msgspec.json.encode(after).decode(),
    )
