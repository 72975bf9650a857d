"""SQL of the event log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

if TYPE_CHECKING:
    from agentpost_server.events.append import NewEvent


async def insert(tx: Tx, event_ids: list[UUID], news: "Sequence[tuple[Scope, NewEvent]]") -> None:
    await tx.run(
        """INSERT INTO event_outbox (organization_id, id, environment_id, inbox_id, type, occurred_at, data)
           SELECT o, i, e, b, t, COALESCE(a, now()), d::json
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[])
           WITH ORDINALITY AS n(o, i, e, b, t, a, d, ordinal) ORDER BY ordinal""",
        [scope.organization_id for scope, _ in news],
        event_ids,
        [scope.environment_id for scope, _ in news],
        [one.inbox_id for _, one in news],
        [one.type for _, one in news],
        [one.occurred_at for _, one in news],
        [msgspec.json.encode(one.data).decode() for _, one in news],
    )
