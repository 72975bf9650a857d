"""SQL of test environments' clocks: what is moved when one is advanced, and nothing beside it."""

from typing import Any, Final

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

# What is in hand has a due time too, the end of its lease: that is the wall's, and stays. A provider call in hand is
# one whose attempt has no end yet; a draft in hand says so.
_NEARER: Final = (
    """UPDATE inbound_mails SET due_at = due_at - make_interval(secs => $3)
       WHERE organization_id = $1 AND environment_id = $2 AND due_at > now()""",
    """UPDATE drafts SET due_at = due_at - make_interval(secs => $3)
       WHERE organization_id = $1 AND environment_id = $2 AND due_at IS NOT NULL AND status = 'scheduled'""",
    """WITH h AS (UPDATE holds SET due_at = due_at - make_interval(secs => $3),
         expires_at = expires_at - make_interval(secs => $3)
         WHERE organization_id = $1 AND environment_id = $2 AND due_at IS NOT NULL RETURNING id, expires_at)
       UPDATE messages m SET hold = jsonb_set(m.hold, '{expires_at}',
         to_jsonb(to_char(h.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
       FROM h WHERE m.organization_id = $1 AND m.id = h.id AND m.hold IS NOT NULL""",
    """UPDATE transmissions t SET due_at = due_at - make_interval(secs => $3),
         first_due_at = first_due_at - make_interval(secs => $3)
       WHERE t.organization_id = $1 AND t.environment_id = $2 AND t.due_at IS NOT NULL
         AND NOT EXISTS (SELECT FROM attempts a WHERE a.organization_id = t.organization_id
           AND a.transmission_id = t.id AND a.finished_at IS NULL)""",
    # Ended at once, and by the wall: nobody looks at one before its old deadline, and keeping times count from its end.
    """WITH w AS (SELECT id, deadline - make_interval(secs => $3) AS nearer FROM waits
         WHERE organization_id = $1 AND environment_id = $2 AND status = 'armed' ORDER BY id FOR UPDATE)
       UPDATE waits SET deadline = w.nearer,
         status = CASE WHEN w.nearer <= clock_timestamp() THEN 'expired' ELSE waits.status END,
         ended_at = CASE WHEN w.nearer <= clock_timestamp() THEN clock_timestamp() END
       FROM w WHERE waits.organization_id = $1 AND waits.id = w.id""",
    # What has run out stays as it is: a claim may be taking it over.
    """UPDATE leases SET leased_until = leased_until - make_interval(secs => $3)
       WHERE organization_id = $1 AND environment_id = $2 AND current AND leased_until > now()""",
)


async def find(tx: Tx, tenant: Scope, *, lock: bool = False) -> Any:
    return await tx.row(
        f"""SELECT kind, clock_offset_seconds FROM environments WHERE organization_id = $1 AND id = $2
            {"FOR UPDATE" if lock else ""}""",
        tenant.organization_id,
        tenant.environment_id,
    )


async def advance(tx: Tx, tenant: Scope, seconds: int) -> None:
    await tx.run(
        """UPDATE environments SET clock_offset_seconds = clock_offset_seconds + $3
           WHERE organization_id = $1 AND id = $2""",
        tenant.organization_id,
        tenant.environment_id,
        seconds,
    )


async def bring_nearer(tx: Tx, tenant: Scope, seconds: int) -> None:
    """Every due time of the environment. Calls are locked first: which of them are in hand is asked behind the lock."""
    await tx.run(
        """SELECT FROM transmissions WHERE organization_id = $1 AND environment_id = $2 AND due_at IS NOT NULL
           ORDER BY id FOR UPDATE""",
        tenant.organization_id,
        tenant.environment_id,
    )
    for statement in _NEARER:  # a handful, whatever there is to move
        await tx.run(statement, tenant.organization_id, tenant.environment_id, float(seconds))


async def count_under_way(tx: Tx, tenant: Scope) -> int:
    """Mail and drafts that are due and not done yet, those in hand included; 0: the environment has come to rest.

    A call that was claimed and has not begun has one attempt less than claims; so has one that a pause puts off."""
    return await tx.value(
        """SELECT (SELECT count(*) FROM inbound_mails m WHERE m.organization_id = $1 AND m.environment_id = $2
                     AND (m.due_at <= now() OR m.attempts > 0))
                + (SELECT count(*) FROM drafts d WHERE d.organization_id = $1 AND d.environment_id = $2
                     AND (d.due_at <= now() OR d.status = 'sending'))
                + (SELECT count(*) FROM holds h WHERE h.organization_id = $1 AND h.environment_id = $2
                     AND h.due_at IS NOT NULL AND (h.due_at <= now() OR h.expires_at <= now()))
                + (SELECT count(*) FROM transmissions t WHERE t.organization_id = $1 AND t.environment_id = $2
                     AND t.due_at IS NOT NULL AND (t.due_at <= now()
                       OR EXISTS (SELECT FROM attempts a WHERE a.organization_id = t.organization_id
                         AND a.transmission_id = t.id AND a.finished_at IS NULL)
                       OR (t.first_due_at <= now() AND t.due_at <= now() + interval '61 seconds'
                         AND t.attempts > COALESCE((SELECT max(a.number) FROM attempts a
                           WHERE a.organization_id = t.organization_id AND a.transmission_id = t.id), 0)
                         AND NOT EXISTS (SELECT FROM inboxes i WHERE i.organization_id = t.organization_id
                           AND i.id = t.inbox_id AND i.send_paused))))""",
        tenant.organization_id,
        tenant.environment_id,
    )
