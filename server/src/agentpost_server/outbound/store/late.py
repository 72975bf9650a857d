"""SQL of scheduled mail whose time is long over: its calls and its composed bytes go, what it says is read."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.db import Tx


async def forget_calls(tx: Tx, keys: Sequence[tuple[UUID, UUID]]) -> list[Any]:
    """Of messages that this transaction holds and of which no call was begun. Answers what each says."""
    return await tx.rows(
        """WITH k AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS k(organization_id, id)),
             calls AS (
               DELETE FROM transmissions t USING k WHERE t.organization_id = k.organization_id AND t.message_id = k.id
               RETURNING t.organization_id, t.message_id, t.list_unsubscribe, t.track_opens, t.author
             ), bytes AS (
               DELETE FROM blobs b USING k WHERE b.organization_id = k.organization_id AND b.id = k.id
               RETURNING b.organization_id, b.id, b.created_at, b.content IS NULL AS elsewhere
             ), objects AS (
               INSERT INTO doomed_blobs (organization_id, id, stored_at)
               SELECT organization_id, id, created_at FROM bytes WHERE elsewhere ON CONFLICT DO NOTHING
             )
           SELECT m.organization_id, m.id, m.environment_id, m.inbox_id, m.thread_id, m.subject, m.from_address,
             m.to_addresses, m.cc_addresses, m.bcc_addresses, m.reply_to_addresses, m.in_reply_to, m.reference_ids,
             m.flags, m.loop_class, m.send_at, c.text_body, c.html_body, c.headers,
             COALESCE(c.extracted_text, left(c.text_body, c.new_text_length)) AS extracted_text,
             COALESCE(c.extracted_html, left(c.html_body, c.new_html_length)) AS extracted_html,
             COALESCE(called.list_unsubscribe, false) AS list_unsubscribe,
             COALESCE(called.track_opens, false) AS track_opens, called.author::text AS author,
             (SELECT COALESCE(json_agg(json_build_object('id', a.id, 'filename', a.filename, 'mime_type', a.mime_type,
                 'size', a.size) ORDER BY a.position), '[]')::text FROM attachments a
               WHERE a.organization_id = m.organization_id AND a.message_id = m.id) AS files
           FROM k JOIN messages m ON m.organization_id = k.organization_id AND m.id = k.id
           LEFT JOIN message_contents c ON c.organization_id = m.organization_id AND c.message_id = m.id
           LEFT JOIN LATERAL (SELECT calls.* FROM calls
             WHERE calls.organization_id = m.organization_id AND calls.message_id = m.id LIMIT 1) called ON true""",
        [organization_id for organization_id, _ in keys],
        [message_id for _, message_id in keys],
    )
