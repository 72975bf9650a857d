"""SQL of storing messages. A whole batch goes in by one statement, whatever number of organizations it has."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.mail.file_text import kind_of
from agentpost_server.mail.model import Address
from agentpost_server.messages.new import NewAttachment, NewMessage
from agentpost_server.messages.placed import PlacedMessage, ThreadState
from agentpost_server.messages.threading import Key

# Lists inside a column travel as one text: arrays of PostgreSQL cannot hold lists of different lengths. The unit
# separator is white space to every parser of ours, so that no id, label or address holds it.
_SEPARATOR: Final = "\x1f"

_participants: Final = msgspec.json.Decoder(list[Address])

_INSERT: Final = """
WITH m AS MATERIALIZED (
    SELECT u.*, string_to_array(u.facet_list, E'\\x1f') AS facets, search_vector(subject, people,
        COALESCE(text_body, extracted_text, ''), ARRAY['o' || replace(organization_id::text, '-', ''),
        'e' || replace(environment_id::text, '-', ''), 'i' || replace(inbox_id::text, '-', '')]) AS search
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
        $17::text[], $18::text[], $19::boolean[], $20::integer[], $21::text[], $22::text[], $23::text[], $24::text[],
        $25::text[], $26::text[], $27::text[], $28::timestamptz[], $29::timestamptz[], $30::timestamptz[],
        $31::text[], $32::text[], $33::text[], $34::text[], $35::integer[], $36::integer[], $37::text[],
        $38::text[], $39::text[], $74::real[], $76::text[])
    AS u(organization_id, id, environment_id, inbox_id, thread_id, direction, status, message_id_header, in_reply_to,
        reference_list, subject, from_address, to_addresses, cc_addresses, bcc_addresses, reply_to_addresses, preview,
        label_list, has_attachments, size, envelope, authentication, trust, flag_list, parse_status, loop_class,
        based_on_list, send_at, created_at, received_at, text_body, html_body, extracted_text, extracted_html,
        new_text_length, new_html_length, headers, people, facet_list, spam_score, screening)
), new_threads AS (
    INSERT INTO threads (organization_id, id, environment_id, inbox_id, subject, participants, message_count,
        last_message_id, last_message_at, labels, preview, has_attachments, created_at)
    SELECT o, i, e, b, subject, participants::jsonb, n, last_id, last_at, string_to_array(labels, E'\\x1f'), preview,
        has_attachments, created_at
    FROM unnest($40::uuid[], $41::uuid[], $42::uuid[], $43::uuid[], $44::text[], $45::text[], $46::integer[],
        $47::uuid[], $48::timestamptz[], $49::text[], $50::text[], $51::boolean[], $52::timestamptz[])
    AS t(o, i, e, b, subject, participants, n, last_id, last_at, labels, preview, has_attachments, created_at)
    ON CONFLICT (organization_id, id) DO UPDATE SET subject = EXCLUDED.subject, participants = EXCLUDED.participants,
        message_count = EXCLUDED.message_count, last_message_id = EXCLUDED.last_message_id,
        last_message_at = EXCLUDED.last_message_at, labels = EXCLUDED.labels, preview = EXCLUDED.preview,
        has_attachments = EXCLUDED.has_attachments
), new_references AS (
    INSERT INTO thread_references AS r (organization_id, inbox_id, fingerprint, thread_id, message_id)
    SELECT * FROM unnest($53::uuid[], $54::uuid[], $55::bytea[], $56::uuid[], $57::uuid[])
    ON CONFLICT (organization_id, inbox_id, fingerprint) DO UPDATE SET message_id = EXCLUDED.message_id
        WHERE r.message_id IS NULL AND EXCLUDED.message_id IS NOT NULL
), new_messages AS (
    INSERT INTO messages (organization_id, id, environment_id, inbox_id, thread_id, direction, status,
        message_id_header, in_reply_to, reference_ids, subject, from_address, to_addresses, cc_addresses, bcc_addresses,
        reply_to_addresses, preview, labels, has_attachments, size, envelope, authentication, trust, flags,
        parse_status, loop_class, based_on, send_at, created_at, received_at, spam_score, screening,
        handled_at)
    SELECT organization_id, id, environment_id, inbox_id, thread_id, direction, status, message_id_header, in_reply_to,
        string_to_array(reference_list, E'\\x1f'), subject, from_address::jsonb, to_addresses::jsonb,
        cc_addresses::jsonb, bcc_addresses::jsonb, reply_to_addresses::jsonb, preview,
        string_to_array(label_list, E'\\x1f'), has_attachments, size, envelope::jsonb, authentication::jsonb, trust,
        string_to_array(flag_list, E'\\x1f') || CASE WHEN search IS NULL THEN '{unindexed}'::text[] ELSE '{}' END,
        parse_status, loop_class, string_to_array(based_on_list, E'\\x1f')::uuid[], send_at, created_at, received_at,
        spam_score, screening::jsonb,
        CASE WHEN string_to_array(label_list, E'\\x1f') && '{spam,blocked}' THEN created_at END FROM m
), new_contents AS (
    INSERT INTO message_contents (organization_id, message_id, text_body, html_body, extracted_text, extracted_html,
        new_text_length, new_html_length, headers, search)
    SELECT organization_id, id, text_body, html_body, extracted_text, extracted_html, new_text_length, new_html_length,
        headers::json, search FROM m
), new_facets AS (
    INSERT INTO message_facets (organization_id, environment_id, inbox_id, facet, message_id, thread_id)
    SELECT organization_id, environment_id, inbox_id, facet, id, thread_id FROM m, unnest(facets) AS facet
), files AS MATERIALIZED (
    SELECT * FROM unnest($58::uuid[], $59::uuid[], $60::uuid[], $61::uuid[], $62::uuid[], $63::integer[], $64::text[],
        $65::text[], $66::text[], $67::bigint[], $68::text[], $69::text[], $70::text[], $71::text[], $72::bytea[],
        $73::timestamptz[], $75::text[])
    AS f(organization_id, id, environment_id, inbox_id, message_id, position, filename, mime_type, declared_mime_type,
        size, sha256, disposition, content_id, flag_list, content, created_at, text_status)
), new_files AS (
    INSERT INTO attachments (organization_id, id, environment_id, inbox_id, message_id, position, filename, mime_type,
        declared_mime_type, size, sha256, disposition, content_id, flags, text_status)
    SELECT organization_id, id, environment_id, inbox_id, message_id, position, filename, mime_type, declared_mime_type,
        size, sha256, disposition, content_id, string_to_array(flag_list, E'\\x1f'), text_status FROM files
), new_readings AS (
    INSERT INTO file_readings (organization_id, id) SELECT organization_id, id FROM files WHERE text_status = 'pending'
), new_blobs AS (
    INSERT INTO blobs (organization_id, id, size, sha256, media_type, content, created_at)
    SELECT organization_id, id, size, decode(sha256, 'hex'), mime_type, content, created_at FROM files
    ON CONFLICT (organization_id, id) DO NOTHING
)
SELECT id FROM m WHERE search IS NULL
"""


async def lock_inboxes(tx: Tx, inbox_ids: set[UUID]) -> None:
    """One writer of messages an inbox until the transaction ends; in one order, so that no two wait for each other."""
    await tx.run(
        "SELECT pg_advisory_xact_lock(lock) FROM (SELECT unnest($1::bigint[]) AS lock) AS locks",
        sorted(int.from_bytes(one.bytes[8:], signed=True) for one in inbox_ids),
    )


async def find_standing(tx: Tx, messages: Sequence[NewMessage]) -> set[UUID]:
    rows = await tx.rows(
        """SELECT m.id FROM unnest($1::uuid[], $2::uuid[]) AS asked(organization_id, id)
           JOIN messages m ON m.organization_id = asked.organization_id AND m.id = asked.id""",
        [one.scope.organization_id for one in messages],
        [one.id for one in messages],
    )
    return {row["id"] for row in rows}


async def find_known(tx: Tx, asked: set[tuple[UUID, Key]]) -> list[tuple[Key, UUID]]:
    rows = await tx.rows(
        """SELECT r.inbox_id, r.fingerprint, r.thread_id
           FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS asked(organization_id, inbox_id, fingerprint)
           JOIN thread_references r ON r.organization_id = asked.organization_id AND r.inbox_id = asked.inbox_id
             AND r.fingerprint = asked.fingerprint""",
        [organization for organization, _ in asked],
        [inbox for _, (inbox, _) in asked],
        [fingerprint for _, (_, fingerprint) in asked],
    )
    return [((row["inbox_id"], row["fingerprint"]), row["thread_id"]) for row in rows]


async def lock_threads(tx: Tx, organizations: set[UUID], thread_ids: set[UUID]) -> list[ThreadState]:
    rows = await tx.rows(
        """SELECT * FROM threads WHERE organization_id = ANY ($1::uuid[]) AND id = ANY ($2::uuid[])
           ORDER BY id FOR UPDATE""",
        list(organizations),
        list(thread_ids),
    )
    return [
        ThreadState(
            id=row["id"],
            scope=Scope(row["organization_id"], row["environment_id"]),
            inbox_id=row["inbox_id"],
            subject=row["subject"],
            created_at=row["created_at"],
            last_message_at=row["last_message_at"],
            last_message_id=row["last_message_id"],
            message_count=row["message_count"],
            participants=_participants.decode(row["participants"]),
            labels=row["labels"],
            preview=row["preview"],
            has_attachments=row["has_attachments"],
        )
        for row in rows
    ]


async def insert(
    tx: Tx,
    placed: Sequence[PlacedMessage],
    threads: Sequence[ThreadState],
    heard: Mapping[Key, tuple[UUID, UUID, UUID | None]],
) -> set[UUID]:
    """Everything of the batch. Answers the ids of messages whose text PostgreSQL would not index."""
    references = [(owner, inbox, mark, thread, message) for (inbox, mark), (owner, thread, message) in heard.items()]
    rows = await tx.rows(
        _INSERT,
        *columns_of([_message_row(one) for one in placed], 39),
        *columns_of([_thread_row(one) for one in threads], 13),
        *columns_of(references, 5),
        *columns_of([row for one in placed for row in file_rows(one.message)], 16),
        [one.message.spam_score for one in placed],
        [text_status_of(file) for one in placed for file in one.message.attachments],
        [None if (found := one.message.screening) is None else json_text(found) for one in placed],
    )
    return {row["id"] for row in rows}


def columns_of(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _message_row(placed: PlacedMessage) -> tuple[Any, ...]:
    one = placed.message
    extracted_text, new_text_length = unless_beginning(one.extracted_text, one.text_body)
    extracted_html, new_html_length = unless_beginning(one.extracted_html, one.html_body)
    return (
        one.scope.organization_id,
        one.id,
        one.scope.environment_id,
        one.inbox_id,
        placed.thread_id,
        one.direction,
        one.status,
        one.message_id_header,
        one.in_reply_to[0] if one.in_reply_to else None,
        _SEPARATOR.join(one.references),
        one.subject,
        json_text(one.from_address),
        json_text(one.to_addresses),
        json_text(one.cc_addresses),
        json_text(one.bcc_addresses),
        json_text(one.reply_to_addresses),
        one.preview,
        _SEPARATOR.join(one.labels),
        bool(one.attachments),
        one.size,
        None if one.envelope is None else json_text(one.envelope),
        None if one.authentication is None else json_text(one.authentication),
        one.trust,
        _SEPARATOR.join(placed.flags),
        one.parse_status,
        one.loop_class,
        _SEPARATOR.join(str(each) for each in one.based_on),
        one.send_at,
        one.created_at,
        one.received_at,
        one.text_body,
        one.html_body,
        extracted_text,
        extracted_html,
        new_text_length,
        new_html_length,
        json_text([{"name": name, "value": value} for name, value in one.headers]),
        placed.people,
        _SEPARATOR.join(placed.facets),
    )


def unless_beginning(new: str | None, body: str | None) -> tuple[str | None, int | None]:
    """The new part to store, or its length when the body begins with it."""
    return (None, len(new)) if new is not None and body is not None and body.startswith(new) else (new, None)


def _thread_row(one: ThreadState) -> tuple[Any, ...]:
    return (
        one.scope.organization_id,
        one.id,
        one.scope.environment_id,
        one.inbox_id,
        one.subject,
        json_text(one.participants),
        one.message_count,
        one.last_message_id,
        one.last_message_at,
        _SEPARATOR.join(one.labels),
        one.preview,
        one.has_attachments,
        one.created_at,
    )


def file_rows(message: NewMessage) -> list[tuple[Any, ...]]:
    return [
        (
            message.scope.organization_id,
            one.id,
            message.scope.environment_id,
            message.inbox_id,
            message.id,
            position,
            one.filename,
            one.mime_type,
            one.declared_mime_type,
            one.size,
            one.sha256,
            one.disposition,
            one.content_id,
            _SEPARATOR.join(one.flags),
            one.content,
            message.created_at,
        )
        for position, one in enumerate(message.attachments)
    ]


def text_status_of(file: NewAttachment) -> str:
    return "pending" if kind_of(file.mime_type, file.filename, file.flags) else "none"


def json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()
