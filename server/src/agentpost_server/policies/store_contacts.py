"""SQL of who is known to an inbox, read from the mail that it has: no second copy that could disagree with it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx

# What is looked through of mail from outside, in messages and in characters of each.
_MOST_OF_THREAD = 20
_MOST_TEXT = 100_000
_MOST_HTML = 200_000
# What was written to somebody, or may already be there. What waits, failed or was called off makes nobody known.
_WENT = "('queued', 'sending', 'sent', 'delivered', 'bounced', 'complained', 'unknown')"


async def strangers(tx: Tx, tenant: Scope, inbox_id: UUID, emails: Sequence[str]) -> list[str]:
    """Those whom the inbox never wrote to, and who never wrote to it: forged, blocked and spam mail does not count."""
    rows = await tx.rows(
        f"""SELECT e.email FROM unnest($3::text[]) WITH ORDINALITY AS e(email, n)
            WHERE NOT EXISTS (SELECT FROM message_facets f
                JOIN messages m ON m.organization_id = f.organization_id AND m.id = f.message_id
                WHERE f.organization_id = $1 AND f.inbox_id = $2 AND f.facet = 'to:' || e.email
                  AND m.direction = 'outbound' AND m.status IN {_WENT})
              AND NOT EXISTS (SELECT FROM message_facets f
                JOIN messages m ON m.organization_id = f.organization_id AND m.id = f.message_id
                WHERE f.organization_id = $1 AND f.inbox_id = $2 AND f.facet = 'from:' || e.email
                  AND m.direction = 'inbound' AND m.status = 'received' AND m.trust <> 'failed'
                  AND NOT m.labels && '{{blocked,spam}}')
            ORDER BY e.n""",
        tenant.organization_id,
        inbox_id,
        list(emails),
    )
    return [row["email"] for row in rows]


async def suspects(tx: Tx, tenant: Scope, thread_id: UUID | None, message_ids: Sequence[UUID]) -> list[UUID]:
    """Mail of the thread, and of these messages, that screening labelled or held."""
    rows = await tx.rows(
        """SELECT m.id FROM messages m
           WHERE m.organization_id = $1 AND (m.thread_id = $2 OR m.id = ANY ($3::uuid[])) AND m.direction = 'inbound'
             AND m.screening ->> 'verdict' IN ('label', 'hold')
           ORDER BY m.id DESC LIMIT 5""",
        tenant.organization_id,
        thread_id,
        list(message_ids),
    )
    return [row["id"] for row in rows]


async def participants(tx: Tx, tenant: Scope, thread_id: UUID) -> list[Any]:
    """The addresses of the thread's inbound mail, newest first: who wrote it, and whom it names."""
    return await tx.rows(
        """SELECT m.from_address, m.reply_to_addresses, m.to_addresses, m.cc_addresses FROM messages m
           WHERE m.organization_id = $1 AND m.thread_id = $2 AND m.direction = 'inbound' AND m.status = 'received'
             AND 'untrusted_participant' <> ALL (m.flags)
           ORDER BY m.id DESC LIMIT 50""",
        tenant.organization_id,
        thread_id,
    )


async def outside(tx: Tx, tenant: Scope, thread_id: UUID | None, ids: Sequence[UUID], file_ids: Sequence[UUID]) -> Any:
    """Mail from outside that a send is about, newest first: the newest 20 of the thread, what is named itself, and the
    mail that one of the files came with. Mail of the organization's own inboxes is not from outside. `is_cut`: there is
    more in the thread, in the mail or in the text of its files than is given."""
    return await tx.rows(
        f"""WITH recent AS (
             SELECT m.id, row_number() OVER (ORDER BY m.id DESC) AS n FROM messages m
             WHERE m.organization_id = $1 AND m.thread_id = $3 AND m.direction = 'inbound' ORDER BY m.id DESC
             LIMIT {_MOST_OF_THREAD + 1}
           ), named AS (
             SELECT id FROM recent WHERE n <= {_MOST_OF_THREAD}
             UNION SELECT unnest($4::uuid[])
             UNION SELECT a.message_id FROM attachments a WHERE a.organization_id = $1 AND a.id = ANY ($5::uuid[])
           ), pages AS (
             SELECT a.message_id, p.text, t.truncated,
               sum(p.characters) OVER (PARTITION BY a.message_id ORDER BY a.position, p.page) - p.characters AS before
             FROM named JOIN attachments a ON a.organization_id = $1 AND a.message_id = named.id
             JOIN file_texts t ON t.organization_id = $1 AND t.attachment_id = a.id
             JOIN file_pages p ON p.organization_id = $1 AND p.attachment_id = a.id
           )
           SELECT m.id, m.from_address, m.reply_to_addresses, m.to_addresses, m.cc_addresses, m.subject,
             left(c.text_body, {_MOST_TEXT}) AS text_body, left(c.html_body, {_MOST_HTML}) AS html_body,
             ARRAY(SELECT p.text FROM pages p WHERE p.message_id = m.id AND p.before < {_MOST_TEXT}) AS file_texts,
             (SELECT count(*) > {_MOST_OF_THREAD} FROM recent) OR length(c.text_body) > {_MOST_TEXT}
               OR length(c.html_body) > {_MOST_HTML}
               OR EXISTS (SELECT FROM pages p WHERE p.message_id = m.id AND (p.before >= {_MOST_TEXT} OR p.truncated))
               AS is_cut,
             ARRAY(SELECT a.id FROM attachments a WHERE a.organization_id = $1 AND a.message_id = m.id) AS file_ids,
             ARRAY(SELECT a.sha256 FROM attachments a WHERE a.organization_id = $1 AND a.message_id = m.id) AS digests,
             ARRAY(SELECT a.filename FROM attachments a WHERE a.organization_id = $1 AND a.message_id = m.id) AS names
           FROM named CROSS JOIN LATERAL (SELECT n.* FROM messages n
             WHERE n.organization_id = $1 AND n.environment_id = $2 AND n.id = named.id OFFSET 0) m
           LEFT JOIN message_contents c ON c.organization_id = $1 AND c.message_id = m.id
           WHERE m.direction = 'inbound' AND NOT (m.trust = 'internal' AND EXISTS (SELECT FROM inboxes i
             WHERE i.organization_id = $1 AND i.email = lower(m.from_address ->> 'email')))
           ORDER BY m.id DESC""",
        tenant.organization_id,
        tenant.environment_id,
        thread_id,
        list(ids),
        list(file_ids),
    )
