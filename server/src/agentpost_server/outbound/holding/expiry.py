"""The lane `holds`: what nobody decided in time ends as its policies say, once, by whichever process claims it.

What cannot leave just now (a pause, a cap, a domain that is not verified) waits for better times, as queued mail does;
what may never leave is rejected, and says why.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from agentpost_server.core.errors import Conflict, NotFound, Problem, RateLimited, Unavailable
from agentpost_server.core.scope import SYSTEM, Scope
from agentpost_server.db import Tx
from agentpost_server.messages.model import Message
from agentpost_server.outbound.holding import ending
from agentpost_server.outbound.holding.deciding import Decider
from agentpost_server.outbound.holding.ending import End, Why
from agentpost_server.outbound.holding.release import Act, Wanted, release
from agentpost_server.outbound.store import holds as store
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed, Lane

log = structlog.get_logger("holds")
_LOOK_AGAIN_SECONDS: Final = 60.0
_PATIENCE: Final = timedelta(days=3)
# What passes by itself, or by somebody's hand.
_PASSING: Final = frozenset(("inbox_paused", "domain_not_verified"))


def lane(runtime: Runtime) -> Lane:
    return Lane("holds", "holds", _handler(runtime), database=runtime.database, batch=20, per_organization=5)


def _handler(runtime: Runtime) -> Callable[[list[Claimed]], Awaitable[None]]:
    async def handle(claimed: list[Claimed]) -> None:
        await expire(runtime, claimed)

    return handle


async def expire(runtime: Runtime, claimed: Sequence[Claimed]) -> None:
    async with runtime.database.work({one.organization_id for one in claimed}) as tx:
        rows = {row["id"]: row for row in await store.load_due(tx, claimed)}
    for one in claimed:
        if (row := rows.get(one.id)) is None:
            continue
        try:
            await _end(runtime, row)
        except Unavailable:
            raise
        except (NotFound, Conflict) as over:
            # Decided meanwhile, or its inbox is gone; a person who is deciding just now may still fail.
            again = _LOOK_AGAIN_SECONDS if over.code == "conflict" and not row["is_orphan"] else None
            await _postpone(runtime, one, again)
        except Exception:
            log.exception("a hold could not be ended", message=str(one.id))
            await _postpone(runtime, one, _LOOK_AGAIN_SECONDS * 5)


async def _end(runtime: Runtime, row: Any) -> None:
    tenant = Scope(row["organization_id"], row["environment_id"])
    if row["on_expiry"] == "reject":
        await _reject(runtime, tenant, row["id"], "approval_expired", "Nobody approved it in time.")
        return
    wanted = Wanted(revision=row["revision"], decider=Decider(actor=SYSTEM), by_itself=True)
    try:
        await release(runtime, tenant, row["id"], wanted, lambda act: _commit(runtime, tenant, act))
    except (Unavailable, NotFound, Conflict):
        raise
    except Problem as refused:
        passes = refused.code in _PASSING or isinstance(refused, RateLimited)
        if passes and runtime.now() < row["expires_at"] + _PATIENCE:
            await _postpone(runtime, Claimed(row["organization_id"], row["id"], row["attempts"]), _LOOK_AGAIN_SECONDS)
            return
        why: Why = "suppressed" if refused.code == "all_recipients_suppressed" else "policy"
        await _reject(runtime, tenant, row["id"], why, f"Its time was over, and it could not go: {refused.detail}")


async def _commit(runtime: Runtime, tenant: Scope, act: Act) -> Message:
    async with runtime.database.transaction(tenant.organization_id) as tx:
        return await act(tx)


async def _reject(runtime: Runtime, tenant: Scope, message_id: UUID, why: Why, detail: str) -> None:
    async def act(tx: Tx) -> Message:
        return await ending.reject(tx, tenant, message_id, End(why=why, actor=SYSTEM, detail=detail), runtime.now())

    await _commit(runtime, tenant, act)


async def _postpone(runtime: Runtime, one: Claimed, seconds: float | None) -> None:
    async with runtime.database.work({one.organization_id}) as tx:
        await store.postpone(tx, one, seconds)
