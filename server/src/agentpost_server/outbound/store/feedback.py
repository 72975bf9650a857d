"""SQL of feedback: whose a report is, what is known of it already, and bounces that say nothing for sure."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from agentpost_server.db import Database, Tx

Call = tuple[UUID, UUID]
"""An organization and its attempt."""


async def route_attempts(database: Database, attempt_ids: Collection[UUID]) -> dict[UUID, Call]:
    rows = await database.route("SELECT * FROM router.route_attempts($1)", list(attempt_ids))
    return {row["attempt_id"]: (row["organization_id"], row["attempt_id"]) for row in rows}


async def route_provider_ids(database: Database, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], Call]:
    """By (transport, its id); what it gave to none or to several is left out."""
    rows = await database.route(
        "SELECT * FROM router.route_provider_ids($1, $2)", [one for one, _ in named], [one for _, one in named]
    )
    return {(row["transport"], row["provider_id"]): (row["organization_id"], row["attempt_id"]) for row in rows}


async def route_inbox(database: Database, inbox_id: UUID) -> UUID | None:
    """The organization that an inbox belongs to."""
    rows = await database.route("SELECT * FROM router.route_inbox($1)", inbox_id)
    return rows[0]["organization_id"] if rows else None


async def find_calls(tx: Tx, calls: Sequence[Call]) -> dict[Call, Any]:
    """What each attempt was a call of."""
    rows = await tx.rows(
        """SELECT a.organization_id, a.id, a.transport, t.id AS transmission_id, t.message_id
           FROM unnest($1::uuid[], $2::uuid[]) AS c(organization_id, id)
           JOIN attempts a ON a.organization_id = c.organization_id AND a.id = c.id
           JOIN transmissions t ON t.organization_id = a.organization_id AND t.id = a.transmission_id""",
        [organization_id for organization_id, _ in calls],
        [attempt_id for _, attempt_id in calls],
    )
    return {(row["organization_id"], row["id"]): row for row in rows}


async def steps_told(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> set[tuple[UUID, str, str | None]]:
    """(message, type, recipient) of the delays and opens that feedback brought already. Asked behind the lock."""
    rows = await tx.rows(
        """SELECT DISTINCT e.message_id, e.type, e.recipient
           FROM unnest($1::uuid[], $2::uuid[]) AS k(organization_id, id)
           JOIN message_events e ON e.organization_id = k.organization_id AND e.message_id = k.id
           WHERE e.type IN ('deferred', 'opened') AND e.attempt IS NULL""",
        [organization_id for organization_id, _ in keys],
        [message_id for _, message_id in keys],
    )
    return {(row["message_id"], row["type"], row["recipient"]) for row in rows}


async def was_opened(tx: Tx, organization_id: UUID, message_id: UUID) -> bool:
    return await tx.value(
        """SELECT EXISTS (SELECT FROM message_events
             WHERE organization_id = $1 AND message_id = $2 AND type = 'opened')""",
        organization_id,
        message_id,
    )


async def count_undetermined(
    tx: Tx, bounced: Collection[tuple[UUID, UUID, str]], days: int, most: int
) -> set[tuple[UUID, UUID, str]]:
    """Note one more bounce of each (organization, environment, address). Answers those that now have `most` of them in
    `days`, and forgets theirs: whoever is taken off the suppression list begins anew."""
    rows = await tx.rows(
        """WITH noted AS (
             INSERT INTO undetermined_bounces AS b (organization_id, environment_id, email, bounced_at)
             SELECT organization_id, environment_id, email, ARRAY[now()]
             FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS n(organization_id, environment_id, email)
             ORDER BY 1, 2, 3
             ON CONFLICT (organization_id, environment_id, email) DO UPDATE SET bounced_at = EXCLUDED.bounced_at
               || ARRAY(SELECT at FROM unnest(b.bounced_at) AS at WHERE at > now() - make_interval(days => $4)
                        LIMIT $5 - 1)
             RETURNING organization_id, environment_id, email, cardinality(bounced_at) AS count
           ) SELECT * FROM noted WHERE count >= $5""",
        *[[row[n] for row in bounced] for n in range(3)],
        days,
        most,
    )
    reached = {(row["organization_id"], row["environment_id"], row["email"]) for row in rows}
    if reached:
        await tx.run(
            """DELETE FROM undetermined_bounces b
               USING unnest($1::uuid[], $2::uuid[], $3::text[]) AS n(organization_id, environment_id, email)
               WHERE b.organization_id = n.organization_id AND b.environment_id = n.environment_id
                 AND b.email = n.email""",
            *[[row[n] for row in reached] for n in range(3)],
        )
    return reached
