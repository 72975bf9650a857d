"""SQL of the text of attached files: its work, its pages."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.mail.file_text import FileText
from agentpost_server.messages.store import visible_file
from agentpost_server.work import Claimed

# So many pages an answer: short ones must not make it endless.
MOST_PAGES: Final = 500

_SETTLE: Final = """
WITH mine AS (
    DELETE FROM file_readings WHERE organization_id = $1 AND id = $2 AND attempts = $3 RETURNING id
), texts AS (
    INSERT INTO file_texts (organization_id, attachment_id, page_count, truncated, failure)
    SELECT $1, id, $4, $5, $6 FROM mine
), pages AS (
    INSERT INTO file_pages (organization_id, attachment_id, page, characters, text)
    SELECT $1, mine.id, p.page, length(p.text), p.text FROM mine, unnest($7::text[]) WITH ORDINALITY AS p(text, page)
)
UPDATE attachments a SET text_status = CASE WHEN $6::text IS NULL THEN 'ready' ELSE 'failed' END
FROM mine WHERE a.organization_id = $1 AND a.id = mine.id
RETURNING a.id
"""
# Whole pages from one on while they fit; the first is cut where it does not. What does not fit has no text.
_PAGES: Final = f"""
SELECT page, characters,
    CASE WHEN page = $3 THEN substr(text, $4::integer + 1, $5::integer)
         WHEN so_far <= $4::integer + $5::integer THEN text END AS text
FROM (
    SELECT page, characters, text, sum(characters) OVER (ORDER BY page) AS so_far
    FROM (SELECT page, characters, text FROM file_pages
          WHERE organization_id = $1 AND attachment_id = $2 AND page >= $3 ORDER BY page LIMIT {MOST_PAGES + 1}) few
) summed ORDER BY page
"""


async def load(tx: Tx, claimed: Sequence[Claimed]) -> list[Any]:
    """What is to be read, with `stands`: whether its inbox is still there."""
    return await tx.rows(
        """SELECT c.organization_id, c.id, c.attempts, a.environment_id, a.message_id, a.mime_type, a.filename, a.flags,
             i.deleted_at IS NULL AS stands
           FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS c(organization_id, id, attempts)
           JOIN attachments a ON a.organization_id = c.organization_id AND a.id = c.id
           JOIN inboxes i ON i.organization_id = a.organization_id AND i.id = a.inbox_id""",
        [one.organization_id for one in claimed],
        [one.id for one in claimed],
        [one.attempts for one in claimed],
    )


async def settle(tx: Tx, claim: Claimed, text: FileText) -> bool:
    """The work goes, the pages come. Whoever lost the claim writes nothing, and is told False."""
    settled = await tx.value(
        _SETTLE,
        claim.organization_id,
        claim.id,
        claim.attempts,
        text.page_count,
        text.truncated,
        text.failure,
        list(text.pages),
    )
    return settled is not None


async def put_off(tx: Tx, claim: Claimed, seconds: float, error: str, *, counts: bool) -> None:
    """Not `counts`: the file is not to blame."""
    await tx.run(
        """UPDATE file_readings SET due_at = now() + make_interval(secs => $4), last_error = $5,
             attempts = attempts - CASE WHEN $6 THEN 0 ELSE 1 END
           WHERE organization_id = $1 AND id = $2 AND attempts = $3""",
        claim.organization_id,
        claim.id,
        claim.attempts,
        seconds,
        error,
        counts,
    )


async def find(tx: Tx, tenant: Scope, attachment_id: UUID) -> Any:
    """What is known of a file's text; the last three columns are null before it was read."""
    return await tx.row(
        f"""SELECT m.text_status, t.page_count, t.truncated, t.failure FROM attachments m
            LEFT JOIN file_texts t ON t.organization_id = m.organization_id AND t.attachment_id = m.id
            WHERE {visible_file(tenant)} AND m.id = $4""",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        attachment_id,
    )


async def pages(tx: Tx, organization_id: UUID, attachment_id: UUID, page: int, offset: int, most: int) -> list[Any]:
    """Rows (page, characters, text), one more than an answer may have; `text` is null where it does not fit."""
    return await tx.rows(_PAGES, organization_id, attachment_id, page, offset, most)


async def beginnings(tx: Tx, tenant: Scope, message_ids: Sequence[UUID], most: int, most_files: int) -> list[Any]:
    """The first pages of the first files of some messages that were read, `most` characters a file at the most."""
    return await tx.rows(
        f"""SELECT m.message_id, m.id AS attachment_id, p.page, p.characters, t.page_count, t.truncated, m.files,
              substr(p.text, 1, ($5::integer - p.before)::integer) AS text
            FROM (
              SELECT m.*, row_number() OVER of_message AS number, count(*) OVER (PARTITION BY m.message_id) AS files
              FROM attachments m WHERE {visible_file(tenant)} AND m.message_id = ANY ($4) AND m.text_status = 'ready'
              WINDOW of_message AS (PARTITION BY m.message_id ORDER BY m.position)
            ) m
            JOIN file_texts t ON t.organization_id = $1 AND t.attachment_id = m.id
            CROSS JOIN LATERAL (
              SELECT few.*, sum(characters) OVER (ORDER BY page) - characters AS before
              FROM (SELECT page, characters, text FROM file_pages f WHERE f.organization_id = $1
                    AND f.attachment_id = m.id ORDER BY page LIMIT {MOST_PAGES}) few
            ) p
            WHERE m.number <= $6 AND p.before < $5::integer
            ORDER BY m.message_id, m.position, p.page""",
        tenant.organization_id,
        tenant.environment_id,
        list(tenant.inbox_ids),
        list(message_ids),
        most,
        most_files,
    )
