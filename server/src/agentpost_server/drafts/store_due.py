"""SQL of drafts whose time has come. Everything is fenced by `attempts`."""

from typing import Any
from uuid import UUID

from agentpost_server.db import Tx
from agentpost_server.drafts.store import AUTHORS
from agentpost_server.work import Claimed


async def load(tx: Tx, claimed: Claimed) -> Any:
    """The draft as it is to be sent, if it is still ours. `orphan`: its inbox was deleted."""
    return await tx.row(
        f"""SELECT d.*, r.author, r.content, r.text_body, r.html_body, r.send_at, {AUTHORS},
             i.deleted_at IS NOT NULL AS orphan
           FROM drafts d
           JOIN draft_revisions r ON r.organization_id = d.organization_id AND r.draft_id = d.id
             AND r.revision = d.revision
           JOIN inboxes i ON i.organization_id = d.organization_id AND i.id = d.inbox_id
           WHERE d.organization_id = $1 AND d.id = $2 AND d.attempts = $3 AND d.status = 'sending'""",
        *_fence(claimed),
    )


async def put_off(tx: Tx, claimed: Claimed, seconds: float, failure: str | None) -> None:
    """Scheduled again, so many seconds from now."""
    await tx.run(
        """UPDATE drafts SET status = 'scheduled', due_at = now() + make_interval(secs => $4), failure = $5::jsonb
           WHERE organization_id = $1 AND id = $2 AND attempts = $3 AND status = 'sending'""",
        *_fence(claimed),
        seconds,
        failure,
    )


async def count_fault(tx: Tx, claimed: Claimed) -> int | None:
    """How often sending it broke by no fault of its own, this time included."""
    return await tx.value(
        """UPDATE drafts SET faults = faults + 1
           WHERE organization_id = $1 AND id = $2 AND attempts = $3 AND status = 'sending' RETURNING faults""",
        *_fence(claimed),
    )


async def fail(tx: Tx, claimed: Claimed, failure: str) -> Any:
    """Nobody takes it again. Answers the draft, or None when it is not ours any more."""
    return await tx.row(
        """UPDATE drafts SET status = 'failed', due_at = NULL, failure = $4::jsonb, updated_at = now()
           WHERE organization_id = $1 AND id = $2 AND attempts = $3 AND status = 'sending'
           RETURNING id, environment_id, inbox_id, revision, status, failure""",
        *_fence(claimed),
        failure,
    )


async def leave(tx: Tx, claimed: Claimed) -> None:
    """It goes with its inbox."""
    await tx.run(
        "UPDATE drafts SET due_at = NULL WHERE organization_id = $1 AND id = $2 AND attempts = $3", *_fence(claimed)
    )


def _fence(claimed: Claimed) -> tuple[UUID, UUID, int]:
    return claimed.organization_id, claimed.id, claimed.attempts
