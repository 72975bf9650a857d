"""One verb: record. Secrets never come here: callers hand in what the API would show."""

from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.audit import store
from agentpost_server.core import ids
from agentpost_server.core.scope import Actor
from agentpost_server.db import Tx
from agentpost_server.web.context import client_ip


async def record(
    tx: Tx,
    organization_id: UUID,
    actor: Actor,
    action: str,
    target: str,
    *,
    before: Any = None,
    after: Any = None,
) -> None:
    """`record(tx, org, actor, "api_key.created", "key_…", after=key)`: before and after as the API shows them. From
    where is the address of the request that this runs in."""
    await store.insert(
        tx,
        organization_id,
        ids.new_id(),
        msgspec.json.encode(actor).decode(),
        client_ip(),
        action,
        target,
        None if before is None else msgspec.json.encode(before).decode(),
        None if after is None else msgspec.json.encode(after).decode(),
    )
