"""SQL of holds: putting a message on hold, finding it for a decision, deciding it once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.work import Claimed


async def insert(
    tx: Tx,
    tenant: Scope,
    message_id: UUID,
    inbox_id: UUID,
    *,
    shown: str,
    reasons: str,
    approvers: Sequence[str],
    author: str,
    other_authors: str,
    begun_at: datetime | None,
    author_may_approve: bool,
    on_expiry: str,
    expires_at: datetime,
    rest: str,
    loop_lines: Sequence[bytes],
    content: str,
    created_at: datetime,
) -> None:
    """The hold of a message that was just stored, its first revision, and what the message shows of it."""
    await tx.run(
        """WITH shown AS (
             UPDATE messages SET hold = $5 WHERE organization_id = $1 AND id = $3
           ), first AS (
             INSERT INTO message_revisions (organization_id, message_id, revision, author, content, created_at)
             VALUES ($1, $3, 1, $8, $14, $15)
           )
           INSERT INTO holds (organization_id, environment_id, id, inbox_id, reasons, approvers, author,
             author_may_approve, on_expiry, expires_at, rest, loop_lines, due_at, other_authors, begun_at)
           VALUES ($1, $2, $3, $4, $6, $7, $8, $9, $10, $11, $12, $13, $11, $16, $17)""",
        tenant.organization_id,
        tenant.environment_id,
        message_id,
        inbox_id,
        shown,
        reasons,
        list(approvers),
        author,
        author_may_approve,
        on_expiry,
        expires_at,
        rest,
        list(loop_lines),
        content,
        created_at,
        other_authors,
        begun_at,
    )


async def find(tx: Tx, tenant: Scope, message_id: UUID) -> Any:
    """A message that is or was held, with its hold (outbound alone) and its last revision. None for what is not there,
    and for what was never held."""
    return await tx.row(
        """SELECT m.organization_id, m.environment_id, m.id, m.inbox_id, m.thread_id, m.direction, m.status, m.hold,
              m.created_at, m.message_id_header, m.based_on, m.flags, m.labels, m.from_address,
              h.author, h.other_authors, h.begun_at, h.author_may_approve, h.revision, h.on_expiry, h.expires_at,
              h.rest, h.reasons, r.content
            FROM messages m
            JOIN inboxes i ON i.organization_id = m.organization_id AND i.id = m.inbox_id AND i.deleted_at IS NULL
            LEFT JOIN holds h ON h.organization_id = m.organization_id AND h.id = m.id
            LEFT JOIN message_revisions r ON r.organization_id = m.organization_id AND r.message_id = m.id
              AND r.revision = h.revision
            WHERE m.organization_id = $1 AND m.environment_id = $2 AND m.id = $4
              AND (cardinality($3::uuid[]) = 0 OR m.inbox_id = ANY ($3))""",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        message_id,
    )


async def decide(tx: Tx, tenant: Scope, message_id: UUID, decided: str) -> None:
    """What the message shows of the decision, and no more time to wait for. For whoever holds the message's lock."""
    await tx.run(
        """WITH ended AS (
             UPDATE holds SET due_at = NULL, busy_by = NULL WHERE organization_id = $1 AND id = $2
           )
           UPDATE messages SET hold = hold || $3::jsonb WHERE organization_id = $1 AND id = $2""",
        tenant.organization_id,
        message_id,
        decided,
    )


async def add_revision(
    tx: Tx, tenant: Scope, message_id: UUID, revision: int, *, changed: Sequence[str], author: str, content: str,
    at: datetime,
) -> None:  # fmt: skip
    await tx.run(
        """WITH next AS (
             INSERT INTO message_revisions (organization_id, message_id, revision, changed, author, content, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
           ), held AS (
             UPDATE holds SET revision = $3 WHERE organization_id = $1 AND id = $2
           )
           UPDATE messages SET hold = hold || jsonb_build_object('revision', $3::integer)
           WHERE organization_id = $1 AND id = $2""",
        tenant.organization_id,
        message_id,
        revision,
        list(changed),
        author,
        content,
        at,
    )


async def list_revisions(
    tx: Tx, tenant: Scope, message_id: UUID, after: int | None, ascending: bool, limit: int
) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT revision, changed, author, content, created_at FROM message_revisions
            WHERE organization_id = $1 AND message_id = $2 AND ($3::integer IS NULL OR revision {compare} $3)
            ORDER BY revision {order} LIMIT $4""",
        tenant.organization_id,
        message_id,
        after,
        limit,
    )


async def take(tx: Tx, tenant: Scope, message_id: UUID, revision: int, token: UUID, seconds: float) -> bool:
    """True when nobody else puts the bytes of this mail away just now, and from here on we do."""
    return (
        await tx.value(
            """UPDATE holds SET busy_by = $4, busy_until = now() + make_interval(secs => $5)
               WHERE organization_id = $1 AND id = $2 AND revision = $3 AND due_at IS NOT NULL
                 AND (busy_by IS NULL OR busy_until < now()) RETURNING true""",
            tenant.organization_id,
            message_id,
            revision,
            token,
            seconds,
        )
        is True
    )


async def give_back(tx: Tx, tenant: Scope, message_id: UUID, token: UUID) -> bool:
    """True when it was still ours: then nobody else's bytes lie there."""
    return (
        await tx.value(
            """UPDATE holds SET busy_by = NULL
               WHERE organization_id = $1 AND id = $2 AND busy_by = $3 RETURNING true""",
            tenant.organization_id,
            message_id,
            token,
        )
        is True
    )


async def is_looping(tx: Tx, tenant: Scope, inbox_id: UUID, lines: Sequence[bytes], *, but: UUID) -> bool:
    """Whether another message of this conversation waits already because its fuse stopped it."""
    return await tx.value(
        """SELECT EXISTS (SELECT FROM holds WHERE organization_id = $1 AND inbox_id = $2 AND due_at IS NOT NULL
             AND loop_lines <> '{}' AND loop_lines && $3::bytea[] AND id <> $4)""",
        tenant.organization_id,
        inbox_id,
        list(lines),
        but,
    )


async def load_due(tx: Tx, claimed: Sequence[Claimed]) -> list[Any]:
    """Whose holds these are, as far as they are still ours and nobody has decided."""
    return await tx.rows(
        """SELECT h.organization_id, h.environment_id, h.id, h.on_expiry, h.expires_at, h.revision, h.attempts,
             i.deleted_at IS NOT NULL AS is_orphan
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS c(organization_id, id, attempts)
           JOIN holds h ON h.organization_id = c.organization_id AND h.id = c.id AND h.attempts = c.attempts
           JOIN inboxes i ON i.organization_id = h.organization_id AND i.id = h.inbox_id
           WHERE h.due_at IS NOT NULL""",
        [one.organization_id for one in claimed],
        [one.id for one in claimed],
        [one.attempts for one in claimed],
    )


async def postpone(tx: Tx, one: Claimed, seconds: float | None) -> None:
    """None: never again."""
    await tx.run(
        """UPDATE holds SET due_at = now() + make_interval(secs => $4)
           WHERE organization_id = $1 AND id = $2 AND attempts = $3 AND due_at IS NOT NULL""",
        one.organization_id,
        one.id,
        one.attempts,
        seconds,
    )


async def clear_recipients(tx: Tx, tenant: Scope, message_id: UUID) -> None:
    await tx.run(
        "DELETE FROM recipients WHERE organization_id = $1 AND message_id = $2", tenant.organization_id, message_id
    )


async def show(tx: Tx, tenant: Scope, message_id: UUID) -> None:
    """Withheld mail becomes received mail: that has no facet of its status."""
    await tx.run(
        """WITH facets AS (
             DELETE FROM message_facets WHERE organization_id = $1 AND message_id = $2
               AND facet IN ('status:held', 'label:held')
           )
           UPDATE messages SET status = 'received', labels = array_remove(labels, 'held')
           WHERE organization_id = $1 AND id = $2""",
        tenant.organization_id,
        message_id,
    )


async def find_to_show(tx: Tx, tenant: Scope, message_id: UUID) -> Any:
    """What an approver is shown of a send: its last revision and who asks."""
    return await tx.row(
        """SELECT m.status, m.hold, m.subject, i.email, h.approvers, h.reasons, h.on_expiry, h.expires_at, h.revision,
             r.content
           FROM messages m
           JOIN inboxes i ON i.organization_id = m.organization_id AND i.id = m.inbox_id AND i.deleted_at IS NULL
           JOIN holds h ON h.organization_id = m.organization_id AND h.id = m.id
           JOIN message_revisions r ON r.organization_id = h.organization_id AND r.message_id = h.id
             AND r.revision = h.revision
           WHERE m.organization_id = $1 AND m.environment_id = $2 AND m.id = $3""",
        tenant.organization_id,
        tenant.environment_id,
        message_id,
    )
