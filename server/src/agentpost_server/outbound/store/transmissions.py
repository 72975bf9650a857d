"""SQL of provider calls: claiming and loading what is due, beginning an attempt, ending it. All is fenced by
`attempts`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.db import Database, Tx
from agentpost_server.work import Claimed

_FENCE = "unnest($1::uuid[], $2::uuid[], $3::integer[]) AS c(organization_id, id, attempts)"


async def claim(
    database: Database,
    start: UUID,
    batch: int,
    of_one: int,
    lease_seconds: int,
    busy: Sequence[UUID],
    busy_domains: Sequence[tuple[UUID, str]],
) -> list[Any]:
    """Due transmissions, at most `of_one` of each organization from `start` on. Passed over are the organizations in
    `busy`, and what goes to a domain in `busy_domains` from the organization beside it."""
    return await database.route(
        "SELECT * FROM router.claim_transmissions($1, $2, $3, $4, $5, $6, $7)",
        *(start, batch, of_one, lease_seconds, list(busy)),
        [organization_id for organization_id, _ in busy_domains],
        [domain for _, domain in busy_domains],
    )


async def load(tx: Tx, claimed: Sequence[Claimed]) -> list[Any]:
    """What a call needs of each claimed transmission that is still ours. `begun`: an attempt never told its end;
    `suppressed`: who of the recipients is on the suppression list by now, and why.

    What stands beside a transmission is asked by its key, row by row (OFFSET 0): a planner without statistics would
    rather read all inboxes of an organization, and takes long to think of it."""
    return await tx.rows(
        f"""SELECT t.organization_id, t.id, t.environment_id, t.inbox_id, t.message_id, t.domain, t.transport,
                   t.mail_from,
                   CASE WHEN t.transports = '{{}}' THEN ARRAY[t.transport] ELSE t.transports END AS transports,
                   t.rounds, t.recipients, t.list_unsubscribe, t.attempts, b.content, b.created_at AS stored_at,
                   CASE WHEN b.content IS NULL THEN b.size END AS large_octets,
                   i.domain AS from_domain, i.deleted_at IS NOT NULL AS orphan,
                   i.send_paused OR e.send_paused OR o.send_paused AS paused, l.suppressed, a.tries, a.begun
            FROM {_FENCE}
            JOIN transmissions t ON t.organization_id = c.organization_id AND t.id = c.id AND t.attempts = c.attempts
            CROSS JOIN LATERAL (SELECT i.domain, i.deleted_at, i.send_paused FROM inboxes i
              WHERE i.organization_id = t.organization_id AND i.id = t.inbox_id OFFSET 0) i
            CROSS JOIN LATERAL (SELECT e.send_paused FROM environments e
              WHERE e.organization_id = t.organization_id AND e.id = t.environment_id OFFSET 0) e
            CROSS JOIN LATERAL (SELECT o.send_paused FROM organizations o
              WHERE o.organization_id = t.organization_id OFFSET 0) o
            CROSS JOIN LATERAL (SELECT count(*) AS tries, COALESCE(bool_or(a.finished_at IS NULL), false) AS begun
              FROM attempts a WHERE a.organization_id = t.organization_id AND a.transmission_id = t.id) a
            CROSS JOIN LATERAL (SELECT jsonb_object_agg(r.email, s.reason) AS suppressed
              FROM (SELECT email, lower(normalize(email)) AS plain FROM unnest(t.recipients) AS r(email) OFFSET 0) r
              CROSS JOIN LATERAL (SELECT s.reason FROM suppressions s
                WHERE s.organization_id = t.organization_id AND s.environment_id = t.environment_id
                  AND s.email = r.plain OFFSET 0) s) l
            LEFT JOIN LATERAL (SELECT b.content, b.created_at, b.size FROM blobs b
              WHERE b.organization_id = t.organization_id AND b.id = t.message_id OFFSET 0) b ON true""",
        *_fence(claimed),
    )


async def begin(tx: Tx, claimed: Sequence[Claimed], attempt_ids: Sequence[UUID], lease_seconds: float) -> set[UUID]:
    """Record an attempt of each as started and lengthen its lease over the call. Answers those that were still ours."""
    rows = await tx.rows(
        """WITH c AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[])
                         AS c(organization_id, id, attempts, attempt_id)),
            ours AS (
              UPDATE transmissions t SET due_at = now() + make_interval(secs => $5) FROM c
              WHERE t.organization_id = c.organization_id AND t.id = c.id AND t.attempts = c.attempts
                AND t.due_at IS NOT NULL
              RETURNING t.organization_id, t.id, t.attempts, t.transport, c.attempt_id
            )
            INSERT INTO attempts (organization_id, id, transmission_id, number, transport)
            SELECT organization_id, attempt_id, id, attempts, transport FROM ours RETURNING transmission_id""",
        *_fence(claimed),
        list(attempt_ids),
        lease_seconds,
    )
    return {row["transmission_id"] for row in rows}


async def take_back(tx: Tx, claimed: Sequence[Claimed], attempt_ids: Sequence[UUID]) -> None:
    """As if these attempts had never begun: for calls that were surely not made. What is still ours is due again."""
    await tx.run(
        f"""WITH gone AS (
              DELETE FROM attempts a USING {_FENCE} WHERE a.organization_id = c.organization_id
                AND a.transmission_id = c.id AND a.id = ANY ($4::uuid[])
            )
            UPDATE transmissions t SET due_at = now() FROM {_FENCE}
            WHERE t.organization_id = c.organization_id AND t.id = c.id AND t.attempts = c.attempts
              AND t.due_at IS NOT NULL""",
        *_fence(claimed),
        list(attempt_ids),
    )


async def postpone(tx: Tx, rows: Sequence[tuple[Claimed, float]]) -> None:
    """(transmission, seconds until it may be claimed again) of each."""
    await tx.run(
        """UPDATE transmissions t SET due_at = now() + make_interval(secs => n.seconds)
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::float8[])
             AS n(organization_id, id, attempts, seconds)
           WHERE t.organization_id = n.organization_id AND t.id = n.id AND t.attempts = n.attempts""",
        *_fence([one for one, _ in rows]),
        [seconds for _, seconds in rows],
    )


async def withdraw(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> None:
    """No call of these (organization, message) is ever begun; who has claimed one has lost it."""
    await tx.run(
        """UPDATE transmissions t SET due_at = NULL, attempts = t.attempts + 1
           FROM unnest($1::uuid[], $2::uuid[]) AS k(organization_id, message_id)
           WHERE t.organization_id = k.organization_id AND t.message_id = k.message_id AND t.due_at IS NOT NULL""",
        [organization_id for organization_id, _ in keys],
        [message_id for _, message_id in keys],
    )


async def give_up(tx: Tx, claimed: Sequence[Claimed]) -> None:
    """Nobody takes these again. An attempt that never told its end is `unknown` for ever."""
    await tx.run(
        f"""WITH ours AS (
              UPDATE transmissions t SET due_at = NULL FROM {_FENCE}
              WHERE t.organization_id = c.organization_id AND t.id = c.id AND t.attempts = c.attempts
              RETURNING t.organization_id, t.id
            )
            UPDATE attempts a SET finished_at = now(), outcome = 'unknown' FROM ours
            WHERE a.organization_id = ours.organization_id AND a.transmission_id = ours.id AND a.finished_at IS NULL""",
        *_fence(claimed),
    )


async def end_attempts(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """(organization, attempt, outcome, detail, provider's id) of each call that has ended."""
    await tx.run(
        """UPDATE attempts a SET finished_at = now(), outcome = n.outcome, detail = n.detail,
               provider_id = n.provider_id
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
             AS n(organization_id, id, outcome, detail, provider_id)
           WHERE a.organization_id = n.organization_id AND a.id = n.id""",
        *[[row[n] for row in rows] for n in range(5)],
    )


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """Where a transmission goes from here: when it is due again (None: never), for whom, by which transport."""

    claimed: Claimed
    seconds: float | None
    left: Sequence[str]
    transport: str
    rounds: int


async def settle(tx: Tx, rows: Sequence[Settled]) -> None:
    """For those that are still ours. Who has had their end leaves the list; at an end for all, the list stays as the
    record of the last call."""
    await tx.run(
        """UPDATE transmissions t SET due_at = now() + make_interval(secs => n.seconds), transport = n.transport,
               rounds = n.rounds,
               recipients = CASE WHEN n.left_over = '' THEN t.recipients ELSE string_to_array(n.left_over, E'\\n') END
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::float8[], $5::text[], $6::text[], $7::integer[])
             AS n(organization_id, id, attempts, seconds, left_over, transport, rounds)
           WHERE t.organization_id = n.organization_id AND t.id = n.id AND t.attempts = n.attempts
             AND t.due_at IS NOT NULL""",
        *_fence([one.claimed for one in rows]),
        [one.seconds for one in rows],
        ["\n".join(one.left) for one in rows],
        [one.transport for one in rows],
        [one.rounds for one in rows],
    )


async def add_wire_ids(tx: Tx, rows: Sequence[tuple[UUID, UUID, str, bytes]]) -> None:
    """(organization, message, Message-ID on the wire, its fingerprint): replies will cite that one.

    For messages that this transaction holds. Receipt and feedback both bring it: what is known is not added again."""
    await tx.run(
        """WITH n AS (
             SELECT DISTINCT u.* FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[])
               AS u(organization_id, message_id, wire_id, fingerprint)
             JOIN messages m ON m.organization_id = u.organization_id AND m.id = u.message_id
             WHERE u.wire_id <> m.message_id_header AND u.wire_id <> ALL (m.wire_message_ids)
               AND cardinality(m.wire_message_ids) < 100
           ),
           kept AS (
             UPDATE messages m SET wire_message_ids = m.wire_message_ids || n.wire_ids
             FROM (SELECT organization_id, message_id, array_agg(wire_id) AS wire_ids FROM n GROUP BY 1, 2) n
             WHERE m.organization_id = n.organization_id AND m.id = n.message_id
             RETURNING m.organization_id, m.id, m.inbox_id, m.thread_id
           )
           INSERT INTO thread_references (organization_id, inbox_id, fingerprint, thread_id, message_id)
           SELECT kept.organization_id, kept.inbox_id, n.fingerprint, kept.thread_id, kept.id
           FROM kept JOIN n ON n.organization_id = kept.organization_id AND n.message_id = kept.id
           ON CONFLICT (organization_id, inbox_id, fingerprint) DO NOTHING""",
        *[[row[n] for row in rows] for n in range(4)],
    )


def _fence(claimed: Sequence[Claimed]) -> tuple[list[UUID], list[UUID], list[int]]:
    return (
        [one.organization_id for one in claimed],
        [one.id for one in claimed],
        [one.attempts for one in claimed],
    )
