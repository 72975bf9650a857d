"""The chore of leases: messages whose last attempt ran out become dead letters, and what ended long ago goes."""

from collections import defaultdict
from typing import Final
from uuid import UUID

import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.core.scope import Scope
from agentpost_server.leases import store
from agentpost_server.leases.service import DEAD
from agentpost_server.messages.labels import mark
from agentpost_server.runtime import Runtime

TEND_SECONDS: Final = 5
_BATCH: Final = 500
log = structlog.get_logger("leases")


class _ChangedError(Exception):
    """One of the messages is not spent after all."""


async def tend(runtime: Runtime) -> None:
    """A bounded amount a call."""
    by_scope: dict[Scope, list[UUID]] = defaultdict(list)
    for row in await store.spent(runtime.database, _BATCH):
        by_scope[Scope(row["organization_id"], row["environment_id"])].append(row["message_id"])
    for scope, message_ids in by_scope.items():
        try:
            await _bury(runtime, scope, message_ids)
        except Unavailable:
            raise
        except _ChangedError:
            continue
        except Exception:
            # One tenant's must not keep everybody's.
            log.exception("dead letters could not be put away", organization=str(scope.organization_id))
    await store.prune(runtime.database, _BATCH * 10, runtime.settings.lease_hours * 3600)


async def _bury(runtime: Runtime, scope: Scope, message_ids: list[UUID]) -> None:
    async with runtime.database.work([scope.organization_id]) as tx:
        await mark(tx, scope, message_ids, DEAD)
        buried = await store.bury(tx, scope.organization_id, message_ids)
        if buried != set(message_ids):
            # Handled or deleted while we looked; with it goes the label. The next time sees what is left.
            raise _ChangedError
        await store.handled(tx, scope.organization_id, message_ids)
