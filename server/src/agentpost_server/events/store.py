"""SQL of the event log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.db import Database, Tx
from agentpost_server.events.model import Selection

if TYPE_CHECKING:
    from agentpost_server.events.append import NewEvent

_COLUMNS = "e.position, e.organization_id, e.environment_id, e.inbox_id, e.id, e.type, e.occurred_at, e.data"
_NEXT = f"""SELECT {_COLUMNS} FROM events e WHERE e.organization_id = $1 AND e.position > $2
            AND ($3::bigint IS NULL OR e.position <= $3)"""


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


async def lock_log(tx: Tx) -> None:
    await tx.value("SELECT router.lock_log()")


async def move_outbox(tx: Tx, batch: int) -> tuple[int, int]:
    """How many moved, and the head of the log after them."""
    row: Any = await tx.row("SELECT moved, head FROM router.move_outbox($1)", batch)
    return row["moved"], row["head"]


async def outbox_lag(database: Database) -> float | None:
    return (await database.route("SELECT router.outbox_lag() AS lag"))[0]["lag"]


async def log_position(database: Database) -> int:
    return (await database.route("SELECT router.log_position() AS position"))[0]["position"]


async def select_after(tx: Tx, chosen: Selection, after: int, until: int | None, limit: int) -> list[Any]:
    """The next rows in log order. Each branch walks one index from `after` on, whatever stands before or between."""
    shared = (chosen.organization_id, after, until, limit, list(chosen.environment_ids))
    if chosen.inbox_ids:
        return await tx.rows(
            f"""SELECT n.* FROM unnest($6::uuid[]) AS inbox CROSS JOIN LATERAL ({_NEXT} AND e.inbox_id = inbox
                  AND e.environment_id = ANY($5) AND (cardinality($7::text[]) = 0 OR e.type = ANY($7))
                  ORDER BY e.position LIMIT $4) n ORDER BY n.position LIMIT $4""",
            *shared,
            list(chosen.inbox_ids),
            list(chosen.types),
        )
    if chosen.types:
        return await tx.rows(
            f"""SELECT n.* FROM unnest($5::uuid[]) AS environment, unnest($6::text[]) AS type CROSS JOIN LATERAL
                  ({_NEXT} AND e.environment_id = environment AND e.type = type.type ORDER BY e.position LIMIT $4) n
                ORDER BY n.position LIMIT $4""",
            *shared,
            list(chosen.types),
        )
    return await tx.rows(
        f"""SELECT n.* FROM unnest($5::uuid[]) AS environment CROSS JOIN LATERAL
              ({_NEXT} AND e.environment_id = environment ORDER BY e.position LIMIT $4) n
            ORDER BY n.position LIMIT $4""",
        *shared,
    )


async def find(tx: Tx, chosen: Selection, event_id: UUID, keep_days: int | None = None) -> Any:
    """The row, or None. With `keep_days` none that is so old that others beside it may be gone already."""
    return await tx.row(
        f"""SELECT {_COLUMNS} FROM events e WHERE e.organization_id = $1 AND e.id = $2 AND e.environment_id = ANY($3)
            AND (cardinality($4::uuid[]) = 0 OR e.inbox_id = ANY($4))
            AND ($5::integer IS NULL OR e.published_at > now() - make_interval(days => $5))""",
        chosen.organization_id,
        event_id,
        list(chosen.environment_ids),
        list(chosen.inbox_ids),
        keep_days,
    )


async def select_published(tx: Tx, organization_ids: list[UUID], after: int, until: int, limit: int) -> list[Any]:
    """What was published in (after, until] for some organizations, in order: for those who listen to them now."""
    return await tx.rows(
        f"""SELECT {_COLUMNS} FROM events e WHERE e.organization_id = ANY($1) AND e.position > $2 AND e.position <= $3
            ORDER BY e.position LIMIT $4""",
        organization_ids,
        after,
        until,
        limit,
    )
