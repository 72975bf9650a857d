"""SQL of looking through the log for those who wait. A batch of inboxes, of several organizations, at a time.

Rows are locked in one order everywhere (organization, id), the publisher's ring included.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from agentpost_server.db import Database, Tx
from agentpost_server.mail.codes.mail_lines import MOST_HTML, MOST_TEXT
from agentpost_server.waits.judge import Armed, Match
from agentpost_server.work import Claimed

# Of a text no more is looked through than search has of it.
_TEXT_CHARACTERS: Final = 262_144


async def ring(tx: Tx, after: int, until: int) -> int:
    return await tx.value("SELECT router.ring_waits($1, $2)", after, until)


async def settled_position(database: Database) -> int:
    return (await database.route("SELECT router.settled_position() AS position"))[0]["position"]


async def looks(tx: Tx, claimed: Sequence[Claimed]) -> list[Any]:
    return await tx.rows(
        """SELECT l.organization_id, l.id, l.position, l.arms
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS mine(organization_id, id, attempts)
           JOIN wait_looks l ON l.organization_id = mine.organization_id AND l.id = mine.id
             AND l.attempts = mine.attempts""",
        *_claims(claimed),
    )


async def armed(tx: Tx, inboxes: Sequence[Any]) -> list[Any]:
    """In the order in which they were armed."""
    return await tx.rows(
        """SELECT w.organization_id, w.inbox_id, w.id, w.sender, w.subject, w.body_text, w.label, w.has_code,
             w.exclusive, w.position, w.looked
           FROM unnest($1::uuid[], $2::uuid[]) AS i(organization_id, id)
           JOIN waits w ON w.organization_id = i.organization_id AND w.inbox_id = i.id AND w.status = 'armed'
           ORDER BY w.id""",
        [row["organization_id"] for row in inboxes],
        [row["id"] for row in inboxes],
    )


async def heard(
    tx: Tx, spans: Sequence[tuple[UUID, UUID, int]], after: int, until: int, limit: int
) -> list[tuple[UUID, int, str]]:
    """(organization, position, encoded message id) of mail received in (after, until] by inboxes, each from its own
    position on, in the order of the log."""
    rows = await tx.rows(
        """SELECT e.organization_id, e.position, e.message_id
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS s(organization_id, inbox_id, after)
           CROSS JOIN LATERAL (
             SELECT e.organization_id, e.position, e.data ->> 'message_id' AS message_id FROM events e
             WHERE e.organization_id = s.organization_id AND e.inbox_id = s.inbox_id
               AND e.position > GREATEST(s.after, $4) AND e.position <= $5 AND e.type = 'message.received'
             ORDER BY e.position LIMIT $6) e
           ORDER BY e.position LIMIT $6""",
        [organization_id for organization_id, _, _ in spans],
        [inbox_id for _, inbox_id, _ in spans],
        [position for _, _, position in spans],
        after,
        until,
        limit,
    )
    return [(row["organization_id"], row["position"], row["message_id"]) for row in rows]


async def mails(
    tx: Tx, wanted: Sequence[tuple[UUID, UUID, int]], read_in: Sequence[UUID], codes_in: Sequence[UUID]
) -> list[Any]:
    """The (organization, message, position) given, as far as they stand; with their text in the inboxes `read_in`, and
    with what codes are looked for in in `codes_in`."""
    return await tx.rows(
        """SELECT m.organization_id, m.inbox_id, m.id, a.position, m.from_address ->> 'email' AS sender, m.subject,
             m.labels,
             CASE WHEN m.inbox_id = ANY ($4) THEN left(COALESCE(c.text_body, c.extracted_text), $6) END AS body,
             CASE WHEN m.inbox_id = ANY ($5) THEN left(c.text_body, $7) END AS text_body,
             CASE WHEN m.inbox_id = ANY ($5) THEN left(c.html_body, $8) END AS html_body
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS a(organization_id, id, position)
           JOIN messages m ON m.organization_id = a.organization_id AND m.id = a.id
           LEFT JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
             AND (m.inbox_id = ANY ($4) OR m.inbox_id = ANY ($5))
           ORDER BY a.position""",
        [organization_id for organization_id, _, _ in wanted],
        [message_id for _, message_id, _ in wanted],
        [position for _, _, position in wanted],
        list(read_in),
        list(codes_in),
        _TEXT_CHARACTERS,
        MOST_TEXT,
        MOST_HTML,
    )


async def hold(tx: Tx, claimed: Sequence[Claimed]) -> set[UUID]:
    """The inboxes that are still ours, locked: nobody else looks them through until we end."""
    rows = await tx.rows(
        """SELECT l.id FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS mine(organization_id, id, attempts)
           JOIN wait_looks l ON l.organization_id = mine.organization_id AND l.id = mine.id
             AND l.attempts = mine.attempts
           ORDER BY l.organization_id, l.id FOR UPDATE OF l""",
        *_claims(claimed),
    )
    return {row["id"] for row in rows}


async def hold_waits(tx: Tx, waits: Sequence[Armed]) -> set[UUID]:
    """Those that are armed still and not past their deadline, locked."""
    rows = await tx.rows(
        """SELECT w.id FROM unnest($1::uuid[], $2::uuid[]) AS asked(organization_id, id)
           JOIN waits w ON w.organization_id = asked.organization_id AND w.id = asked.id
           WHERE w.status = 'armed' AND w.deadline > clock_timestamp()
           ORDER BY w.organization_id, w.id FOR UPDATE OF w""",
        [wait.organization_id for wait in waits],
        [wait.id for wait in waits],
    )
    return {row["id"] for row in rows}


async def hold_messages(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, bool]:
    """The (organization, message) given that stand, kept from being deleted; and whether an exclusive wait has them."""
    rows = await tx.rows(
        """SELECT m.id, EXISTS (SELECT FROM waits w WHERE w.organization_id = m.organization_id
             AND w.message_id = m.id AND w.exclusive) AS taken
           FROM unnest($1::uuid[], $2::uuid[]) AS asked(organization_id, id)
           JOIN messages m ON m.organization_id = asked.organization_id AND m.id = asked.id
           ORDER BY m.id FOR KEY SHARE OF m""",
        [organization_id for organization_id, _ in keys],
        [message_id for _, message_id in keys],
    )
    return {row["id"]: row["taken"] for row in rows}


async def match(tx: Tx, matches: Sequence[Match]) -> None:
    await tx.run(
        """UPDATE waits w SET status = 'matched', message_id = a.message_id, matched_at = now(), ended_at = now()
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS a(organization_id, id, message_id)
           WHERE w.organization_id = a.organization_id AND w.id = a.id""",
        [one.organization_id for one in matches],
        [one.wait_id for one in matches],
        [one.message_id for one in matches],
    )


async def settle(tx: Tx, seen: Sequence[Any], until: int, *, unfinished: bool) -> bool:
    """These inboxes, which we hold, were looked through up to `until`. True when one has something more."""
    rows = await tx.rows(
        """UPDATE wait_looks l SET position = GREATEST(l.position, $4),
             due_at = CASE WHEN $5 OR l.told > $4 OR l.arms <> s.arms THEN now() END
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS s(organization_id, id, arms)
           WHERE l.organization_id = s.organization_id AND l.id = s.id RETURNING l.due_at""",
        [row["organization_id"] for row in seen],
        [row["id"] for row in seen],
        [row["arms"] for row in seen],
        until,
        unfinished,
    )
    return any(row["due_at"] is not None for row in rows)


async def mark_looked(tx: Tx, waits: Sequence[Armed], until: int) -> None:
    """Mail up to `until` was held against these. Before their inboxes are settled: one that is not yet where its inbox
    was goes on by its own position, and misses nothing between the two."""
    await tx.run(
        """UPDATE waits w SET position = GREATEST(w.position, $4), looked = GREATEST(w.position, l.position) <= $4
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS a(organization_id, id, inbox_id)
           JOIN wait_looks l ON l.organization_id = a.organization_id AND l.id = a.inbox_id
           WHERE w.organization_id = a.organization_id AND w.id = a.id AND w.status = 'armed'""",
        [wait.organization_id for wait in waits],
        [wait.id for wait in waits],
        [wait.inbox_id for wait in waits],
        until,
    )


def _claims(claimed: Sequence[Claimed]) -> tuple[list[UUID], list[UUID], list[int]]:
    return [c.organization_id for c in claimed], [c.id for c in claimed], [c.attempts for c in claimed]
