"""The lane `drafts`: scheduled drafts whose time has come become messages, by the path of every send.

Never early, for rows are due by the database's clock; once, for the draft goes in the message's own transaction. What
refuses the send is kept with the draft and told.
"""

import asyncio
from typing import Any, Final

import msgspec
import structlog

from agentpost_server.core.errors import Problem, Unavailable
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.drafts import store_due
from agentpost_server.drafts.model import DraftFailure
from agentpost_server.drafts.send import submit_draft
from agentpost_server.drafts.tell import told
from agentpost_server.events import append
from agentpost_server.outbound.lateness import late_hold
from agentpost_server.runtime import Runtime
from agentpost_server.web.idempotency import Effect
from agentpost_server.work import Claimed, Lane

log = structlog.get_logger("drafts")
POLL_SECONDS: Final = 0.4
_WAIT_SECONDS: Final = 60
# What passes by itself, as it does for a scheduled message: everything else needs somebody.
_PASSING: Final = frozenset(("inbox_paused", "rate_limited", "daily_limit_reached", "send_cap_reached"))
_MOST_FAULTS: Final = 5


def lane(runtime: Runtime) -> Lane:
    async def handle(claimed: list[Claimed]) -> None:
        await asyncio.gather(*(send_due(runtime, one) for one in claimed))

    return Lane(
        "drafts", "drafts", handle, database=runtime.database, batch=20, concurrency=4, poll_seconds=POLL_SECONDS
    )


async def send_due(runtime: Runtime, claimed: Claimed) -> None:
    """One draft from its claim to its end. A draft that somebody changed, sent or deleted meanwhile is theirs."""
    async with runtime.database.transaction(claimed.organization_id) as tx:
        row = await store_due.load(tx, claimed)
        if row is not None and row["orphan"]:
            await store_due.leave(tx, claimed)
            return
    if row is None:
        return
    try:
        await _submit(runtime, claimed, row)
    except Unavailable:
        raise
    except Problem as problem:
        await _refused(runtime, claimed, row, problem)
    except Exception as bug:
        log.exception("a scheduled draft could not be sent", draft=str(claimed.id))
        await _broken(runtime, claimed, row, bug)


async def _submit(runtime: Runtime, claimed: Claimed, row: Any) -> None:
    scope = Scope(claimed.organization_id, row["environment_id"])
    # Nobody repeats it by a key: what makes it once is the draft itself.
    effect = Effect(
        transaction=runtime.database.transaction, organization_id=scope.organization_id, key=None, fingerprint=b""
    )
    late = late_hold(row["send_at"], runtime.now(), runtime.settings.late_send_hours)
    await submit_draft(runtime, scope, effect, row, attempts=claimed.attempts, late=late)


async def _refused(runtime: Runtime, claimed: Claimed, row: Any, problem: Problem) -> None:
    failure = _failure(runtime, problem.code, problem.detail, problem.fix)
    async with runtime.database.transaction(claimed.organization_id) as tx:
        if problem.code in _PASSING:
            await store_due.put_off(tx, claimed, _WAIT_SECONDS, failure)
        else:
            await _fail(tx, claimed, failure)


async def _broken(runtime: Runtime, claimed: Claimed, row: Any, bug: Exception) -> None:
    """A fault of this server's: tried again, but not for ever."""
    detail = "The server could not send it, by a fault of its own."
    failure = _failure(runtime, "internal_error", detail, "Send it again; if that fails too, ask who runs this server.")
    async with runtime.database.transaction(claimed.organization_id) as tx:
        faults = await store_due.count_fault(tx, claimed)
        if faults is not None and faults >= _MOST_FAULTS:
            await _fail(tx, claimed, failure)
        elif faults is not None:
            await store_due.put_off(tx, claimed, 2.0**faults, failure)


async def _fail(tx: Tx, claimed: Claimed, failure: str) -> None:
    if (row := await store_due.fail(tx, claimed, failure)) is not None:
        await append(tx, Scope(claimed.organization_id, row["environment_id"]), told("updated", row))


def _failure(runtime: Runtime, code: str, detail: str, fix: str) -> str:
    said = DraftFailure(code=code, detail=detail, fix=fix, at=rfc3339(runtime.now()))
    return msgspec.json.encode(said).decode()
