"""SQL of writing a message anew. What is unique is cleared in a statement of its own: one statement cannot free a key
and take it."""

from datetime import datetime

from agentpost_server.db import Tx
from agentpost_server.messages.new import NewMessage
from agentpost_server.messages.store_add import columns_of, file_rows, json_text, text_status_of, unless_beginning


async def clear(tx: Tx, message: NewMessage, *, new_files: bool) -> None:
    """What it is found by, and its files, where they are replaced. Objects of the blob store go by `sweep_blobs`."""
    await tx.run(
        """WITH facets AS (
             DELETE FROM message_facets WHERE organization_id = $1 AND message_id = $2
               AND (facet LIKE 'to:%' OR (facet = 'attachments' AND $3))
           ), files AS (
             DELETE FROM attachments WHERE organization_id = $1 AND message_id = $2 AND $3 RETURNING id
           ), bytes AS (
             DELETE FROM blobs b USING files WHERE b.organization_id = $1 AND b.id = files.id
             RETURNING b.id, b.created_at, b.content IS NULL AS elsewhere
           )
           INSERT INTO doomed_blobs (organization_id, id, stored_at)
           SELECT $1, id, created_at FROM bytes WHERE elsewhere ON CONFLICT DO NOTHING""",
        message.scope.organization_id,
        message.id,
        new_files,
    )


async def write(tx: Tx, message: NewMessage, facets: list[str], people: str) -> None:
    extracted_text, new_text_length = unless_beginning(message.extracted_text, message.text_body)
    extracted_html, new_html_length = unless_beginning(message.extracted_html, message.html_body)
    await tx.run(
        """WITH m AS (
             UPDATE messages SET subject = $3, from_address = $4, to_addresses = $5, cc_addresses = $6,
               bcc_addresses = $7, reply_to_addresses = $8, preview = $9, has_attachments = $10, size = $11,
               flags = string_to_array($12, E'\\x1f'), loop_class = $13, send_at = $14
             WHERE organization_id = $1 AND id = $2
             RETURNING organization_id, environment_id, inbox_id, thread_id, id
           ), facets AS (
             INSERT INTO message_facets (organization_id, environment_id, inbox_id, facet, message_id, thread_id)
             SELECT organization_id, environment_id, inbox_id, facet, id, thread_id FROM m, unnest($15::text[]) AS facet
             ON CONFLICT DO NOTHING
           )
           UPDATE message_contents c SET text_body = $16, html_body = $17, extracted_text = $18, extracted_html = $19,
             new_text_length = $20, new_html_length = $21, headers = $22,
             search = search_vector($3, $23, COALESCE($16, $18, ''), ARRAY[
               'o' || replace(m.organization_id::text, '-', ''), 'e' || replace(m.environment_id::text, '-', ''),
               'i' || replace(m.inbox_id::text, '-', '')])
           FROM m WHERE c.organization_id = m.organization_id AND c.message_id = m.id""",
        message.scope.organization_id,
        message.id,
        message.subject,
        json_text(message.from_address),
        json_text(message.to_addresses),
        json_text(message.cc_addresses),
        json_text(message.bcc_addresses),
        json_text(message.reply_to_addresses),
        message.preview,
        bool(message.attachments),
        message.size,
        "\x1f".join(message.flags),
        message.loop_class,
        message.send_at,
        facets,
        message.text_body,
        message.html_body,
        extracted_text,
        extracted_html,
        new_text_length,
        new_html_length,
        json_text([{"name": name, "value": value} for name, value in message.headers]),
        people,
    )


async def insert_files(tx: Tx, message: NewMessage, at: datetime) -> None:
    await tx.run(
        """WITH files AS (
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[], $7::text[],
               $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bytea[],
               $16::timestamptz[], $18::text[])
             AS f(organization_id, id, environment_id, inbox_id, message_id, position, filename, mime_type,
               declared_mime_type, size, sha256, disposition, content_id, flag_list, content, created_at, text_status)
           ), readings AS (
             INSERT INTO file_readings (organization_id, id)
             SELECT organization_id, id FROM files WHERE text_status = 'pending'
           ), bytes AS (
             INSERT INTO blobs (organization_id, id, size, sha256, media_type, content, created_at)
             SELECT organization_id, id, size, decode(sha256, 'hex'), mime_type, content, $17 FROM files
           )
           INSERT INTO attachments (organization_id, id, environment_id, inbox_id, message_id, position, filename,
             mime_type, declared_mime_type, size, sha256, disposition, content_id, flags, text_status)
           SELECT organization_id, id, environment_id, inbox_id, message_id, position, filename, mime_type,
             declared_mime_type, size, sha256, disposition, content_id, string_to_array(flag_list, E'\\x1f'),
             text_status
           FROM files""",
        *columns_of(file_rows(message), 16),
        at,
        [text_status_of(file) for file in message.attachments],
    )
