"""SQL of mail on its way in: who is here, accepting, and the work rows of ingest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.db import Database, Tx
from agentpost_server.policies import SCREENING_POLICIES
from agentpost_server.work import Claimed


class InboundRow(msgspec.Struct, frozen=True, kw_only=True):
    """One mail for one inbox, as it is accepted. `content` is None where the bytes are in the blob store already."""

    organization_id: UUID
    id: UUID
    environment_id: UUID
    inbox_id: UUID
    mail_from: str
    rcpt_to: tuple[str, ...]
    source: str
    client_ip: str | None
    helo: str | None
    protocol: str | None
    tls: bool
    size: int
    flags: tuple[str, ...]
    received_at: datetime
    due_at: datetime | None
    content: bytes | None
    sha256: bytes
    fingerprint: bytes
    window_seconds: int
    authentication: bytes | None


class Seen(msgspec.Struct, frozen=True):
    """An entry of the duplicate window, and the mail that made it."""

    organization_id: UUID
    inbox_id: UUID
    fingerprint: bytes
    mail_id: UUID


async def accept(database: Database, rows: Sequence[InboundRow]) -> list[UUID]:
    """One statement, one commit. Answers under which id each is kept: another than its own means a duplicate."""
    found = await database.route(
        """SELECT kept_id FROM router.accept_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
             $16, $17, $18, $19, $20)""",
        *[list(column) for column in zip(*(_accepted_row(one) for one in rows), strict=True)],
    )
    return [row["kept_id"] for row in found]


def _accepted_row(one: InboundRow) -> tuple[Any, ...]:
    return (
        one.organization_id,
        one.id,
        one.environment_id,
        one.inbox_id,
        one.mail_from,
        "\n".join(one.rcpt_to),
        one.source,
        one.client_ip,
        one.helo,
        one.protocol,
        one.tls,
        one.size,
        ",".join(one.flags),
        one.received_at,
        one.due_at,
        one.content,
        one.sha256,
        one.fingerprint,
        one.window_seconds,
        one.authentication.decode() if one.authentication else None,
    )


async def forget_seen(database: Database, seen: Sequence[Seen]) -> None:
    await database.route(
        "SELECT router.forget_seen($1, $2, $3, $4)",
        [one.organization_id for one in seen],
        [one.inbox_id for one in seen],
        [one.fingerprint for one in seen],
        [one.mail_id for one in seen],
    )


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where an address leads; all None where it leads nowhere. `verified`: its domain takes mail here, for
    `domain_owner`."""

    organization_id: UUID | None
    environment_id: UUID | None
    inbox_id: UUID | None
    verified: bool
    domain_owner: UUID | None = None


async def route_recipients(database: Database, asked: Sequence[tuple[str, str, str]]) -> list[Found]:
    """For each (exact, untagged, domain) an answer, in order."""
    rows = await database.route(
        "SELECT * FROM router.route_recipients($1, $2, $3)", *[list(column) for column in zip(*asked, strict=True)]
    )
    return [Found(**row) for row in rows]


async def route_bounce(database: Database, transmission_id: UUID) -> Found | None:
    """The inbox that sent a transmission."""
    rows = await database.route("SELECT * FROM router.route_bounce($1)", transmission_id)
    return Found(**rows[0], verified=True) if rows else None


async def route_report(database: Database, domain: str) -> Found | None:
    """The proven domain that DMARC reports at this name are about; its id stands where an inbox's would."""
    rows = await database.route(
        """SELECT organization_id, environment_id, domain_id AS inbox_id, true AS verified
           FROM router.route_report($1)""",
        domain,
    )
    return Found(**rows[0]) if rows else None


async def load(tx: Tx, claimed: Sequence[Claimed]) -> list[Any]:
    """Rows that are still ours, with their bytes where they are small, whether their inbox stands, and what it screens
    by."""
    return await tx.rows(
        f"""SELECT m.*, b.content, b.created_at AS stored_at,
             EXISTS (SELECT FROM inboxes i WHERE i.organization_id = m.organization_id AND i.id = m.inbox_id
               AND i.deleted_at IS NULL) AS inbox_stands,
             {SCREENING_POLICIES} AS screening_policies
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS c(organization_id, id, attempts)
           JOIN inbound_mails m ON m.organization_id = c.organization_id AND m.id = c.id AND m.attempts = c.attempts
           LEFT JOIN blobs b ON b.organization_id = c.organization_id AND b.id = c.id
           ORDER BY m.received_at, m.id""",
        *_columns(claimed),
    )


async def take(tx: Tx, claimed: Sequence[Claimed]) -> set[UUID]:
    """Delete the work rows that are still ours; whoever was too late gets nothing, and must write nothing."""
    rows = await tx.rows(
        """DELETE FROM inbound_mails m
           USING unnest($1::uuid[], $2::uuid[], $3::integer[]) AS c(organization_id, id, attempts)
           WHERE m.organization_id = c.organization_id AND m.id = c.id AND m.attempts = c.attempts RETURNING m.id""",
        *_columns(claimed),
    )
    return {row["id"] for row in rows}


async def hold(tx: Tx, held: Sequence[tuple[Claimed, str | None]]) -> None:
    """Why messages just stored as `held` wait for a person (SPEC 22), each with the policy that says so."""
    await tx.run(
        """UPDATE messages m SET hold = jsonb_build_object('reason', 'screening', 'policy_id', h.policy_id)
           FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS h(organization_id, id, policy_id)
           WHERE m.organization_id = h.organization_id AND m.id = h.id""",
        *_columns([claim for claim, _ in held])[:2],
        [policy_id for _, policy_id in held],
    )


async def put_off(tx: Tx, one: Claimed, seconds: float, error: str) -> None:
    await tx.run(
        """UPDATE inbound_mails SET due_at = now() + make_interval(secs => $4), last_error = $5
           WHERE organization_id = $1 AND id = $2 AND attempts = $3""",
        one.organization_id,
        one.id,
        one.attempts,
        seconds,
        error,
    )


async def hand_back(tx: Tx, one: Claimed, seconds: float, error: str) -> None:
    """As if this claim had not been. Whoever held the one before may then still take the row: `take` gives it once."""
    await tx.run(
        """UPDATE inbound_mails SET due_at = now() + make_interval(secs => $4), last_error = $5, attempts = attempts - 1
           WHERE organization_id = $1 AND id = $2 AND attempts = $3""",
        one.organization_id,
        one.id,
        one.attempts,
        seconds,
        error,
    )


async def drop_blobs(tx: Tx, dropped: Sequence[tuple[UUID, UUID]]) -> None:
    await tx.run(
        """DELETE FROM blobs b USING unnest($1::uuid[], $2::uuid[]) AS d(organization_id, id)
           WHERE b.organization_id = d.organization_id AND b.id = d.id""",
        [organization for organization, _ in dropped],
        [blob for _, blob in dropped],
    )


def _columns(claimed: Sequence[Claimed]) -> tuple[list[UUID], list[UUID], list[int]]:
    return [one.organization_id for one in claimed], [one.id for one in claimed], [one.attempts for one in claimed]
