-- Mail at rest. A blob carries the id of what it belongs to: a message's raw bytes have the message's id.

-- Bytes up to 256 KiB lie here, so that one flush makes row and bytes durable; larger ones are in the blob store and
-- have `content` null.
CREATE TABLE blobs (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    size bigint NOT NULL,
    sha256 bytea,
    media_type text NOT NULL DEFAULT 'application/octet-stream',
    content bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id)
);
ALTER TABLE blobs ALTER COLUMN content SET STORAGE EXTERNAL;
CALL protect('blobs');

CREATE TABLE threads (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    subject text NOT NULL,
    participants jsonb NOT NULL DEFAULT '[]',
    message_count integer NOT NULL DEFAULT 0,
    last_message_id uuid,
    last_message_at timestamptz NOT NULL,
    labels text[] NOT NULL DEFAULT '{}',
    preview text NOT NULL DEFAULT '',
    has_attachments boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes
);
CREATE INDEX threads_by_inbox ON threads (organization_id, inbox_id, last_message_at, id);
CREATE INDEX threads_by_environment ON threads (organization_id, environment_id, last_message_at, id);
CALL protect('threads');

-- Every Message-ID that an inbox has seen or only heard of, as 16 bytes of its hash: a late parent finds its thread.
CREATE TABLE thread_references (
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    thread_id uuid NOT NULL,
    message_id uuid,
    PRIMARY KEY (organization_id, inbox_id, fingerprint),
    FOREIGN KEY (organization_id, thread_id) REFERENCES threads ON DELETE CASCADE
);
CREATE INDEX thread_references_of ON thread_references (organization_id, thread_id);
CALL protect('thread_references');

CREATE TABLE messages (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    status text NOT NULL,
    message_id_header text NOT NULL,
    wire_message_ids text[] NOT NULL DEFAULT '{}',
    in_reply_to text,
    reference_ids text[] NOT NULL DEFAULT '{}',
    subject text NOT NULL,
    from_address jsonb NOT NULL,
    to_addresses jsonb NOT NULL DEFAULT '[]',
    cc_addresses jsonb NOT NULL DEFAULT '[]',
    bcc_addresses jsonb NOT NULL DEFAULT '[]',
    reply_to_addresses jsonb NOT NULL DEFAULT '[]',
    preview text NOT NULL DEFAULT '',
    labels text[] NOT NULL DEFAULT '{}',
    has_attachments boolean NOT NULL DEFAULT false,
    size integer NOT NULL,
    envelope jsonb,
    authentication jsonb,
    trust text NOT NULL,
    flags text[] NOT NULL DEFAULT '{}',
    parse_status text NOT NULL DEFAULT 'ok',
    loop_class text NOT NULL DEFAULT 'none',
    spam_score real,
    screening jsonb,
    hold jsonb,
    based_on uuid[] NOT NULL DEFAULT '{}',
    send_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    received_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes,
    FOREIGN KEY (organization_id, thread_id) REFERENCES threads
);
CREATE INDEX messages_by_inbox ON messages (organization_id, inbox_id, id);
CREATE INDEX messages_by_environment ON messages (organization_id, environment_id, id);
CREATE INDEX messages_by_thread ON messages (organization_id, thread_id, id);
CALL protect('messages');

-- What only the reader of one message needs. `search` ends with the lexemes of its inbox and environment, so that one
-- GIN look-up intersects tenant and words. What is new in a mail is mostly how its body begins: then only the length of
-- that is kept, and extracted_text or extracted_html is null.
CREATE TABLE message_contents (
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    text_body text,
    html_body text,
    extracted_text text,
    extracted_html text,
    new_text_length integer,
    new_html_length integer,
    headers json NOT NULL DEFAULT '[]',
    search tsvector,
    PRIMARY KEY (organization_id, message_id),
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE CASCADE
);
CREATE INDEX message_contents_search ON message_contents USING gin (search);
-- Compressing words and lexemes costs more than all else that storing a mail does, and saves little; markup shrinks.
ALTER TABLE message_contents ALTER text_body SET STORAGE EXTERNAL, ALTER extracted_text SET STORAGE EXTERNAL,
    ALTER search SET STORAGE EXTERNAL;
CALL protect('message_contents');

-- Text as PostgreSQL's parser may be given it. It looks ahead to the end of a word or a tag, from every place in it: long
-- ones cost it the square or the cube of their length (minutes for a body of `1a@1a@…`). So tags lose their brackets, and
-- no word is longer than 64 characters.
CREATE FUNCTION short_words(given text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN length(given) > 500 THEN regexp_replace(replace(replace(given, '<', ' '), '>', ' '), '\S{64}', '\& ', 'g') ELSE given END
$$;
GRANT EXECUTE ON FUNCTION short_words TO agentpost_api, agentpost_worker;

-- What search finds a message by. Text that PostgreSQL will not index whole is indexed by its beginning, else not at
-- all (null): a mail is stored whatever its words are.
CREATE FUNCTION search_vector(subject text, people text, body text, tenant text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE SET search_path = agentpost, pg_temp AS $$
DECLARE bound integer;
BEGIN
    FOREACH bound IN ARRAY ARRAY[262144, 32768] LOOP
        BEGIN
            RETURN setweight(to_tsvector('pg_catalog.simple', short_words(subject)), 'A')
                || setweight(to_tsvector('pg_catalog.simple', short_words(people)), 'B')
                || array_to_tsvector(tenant) || to_tsvector('pg_catalog.simple', short_words(left(body, bound)));
        EXCEPTION WHEN program_limit_exceeded THEN
            NULL;
        END;
    END LOOP;
    RETURN NULL;
END $$;
GRANT EXECUTE ON FUNCTION search_vector TO agentpost_api, agentpost_worker;

-- Every list filter, one narrow btree: `label:unread`, `from:ann@example.com`, `to:…`, `status:…`, `attachments`.
-- No foreign key, which would look the message up for each: whoever writes or deletes them holds the message's row.
CREATE TABLE message_facets (
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    facet text NOT NULL COLLATE "C",
    message_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    PRIMARY KEY (organization_id, message_id, facet)
);
CREATE INDEX message_facets_by_inbox ON message_facets (organization_id, inbox_id, facet, message_id);
CREATE INDEX message_facets_by_environment ON message_facets (organization_id, environment_id, facet, message_id);
CALL protect('message_facets');

CREATE TABLE attachments (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    message_id uuid NOT NULL,
    position integer NOT NULL,
    filename text NOT NULL,
    mime_type text NOT NULL,
    declared_mime_type text,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    disposition text NOT NULL CHECK (disposition IN ('attachment', 'inline')),
    content_id text,
    flags text[] NOT NULL DEFAULT '{}',
    text_status text NOT NULL DEFAULT 'none',
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE CASCADE
);
CREATE INDEX attachments_of ON attachments (organization_id, message_id, position);
CALL protect('attachments');

-- Bytes put up before the send that uses them. The upload's id is the blob's id and, encoded, the public key.
CREATE TABLE uploads (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    filename text NOT NULL,
    mime_type text NOT NULL,
    size bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX uploads_expiry ON uploads (organization_id, expires_at);
CALL protect('uploads');

-- Work: mail accepted and not yet ingested. The row goes when the message stands, under the same id.
CREATE TABLE inbound_mails (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    mail_from text NOT NULL,
    rcpt_to text[] NOT NULL,
    source text NOT NULL,
    client_ip text,
    helo text,
    protocol text,
    tls boolean NOT NULL DEFAULT false,
    size integer NOT NULL,
    flags text[] NOT NULL DEFAULT '{}',
    authentication jsonb,
    received_at timestamptz NOT NULL,
    due_at timestamptz DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    PRIMARY KEY (organization_id, id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX inbound_mails_due ON inbound_mails (organization_id, due_at) WHERE due_at IS NOT NULL;
CALL protect('inbound_mails');

-- The duplicate window: one row for each (inbox, hash of sender and bytes).
CREATE TABLE inbound_seen (
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    mail_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, inbox_id, fingerprint)
);
CREATE INDEX inbound_seen_expiry ON inbound_seen (organization_id, expires_at);
CALL protect('inbound_seen');

SET ROLE agentpost_router;

-- Accepts a batch in one statement: bytes, work row and duplicate window. Answers, in order, under which id each is
-- kept: its own when it was new, else that of the same mail before it.
-- `content` is null where the bytes are already in the blob store; a null due_at is now.
CREATE FUNCTION router.accept_batch(
    organization_ids uuid[], ids uuid[], environment_ids uuid[], inbox_ids uuid[], mail_froms text[], rcpt_tos text[],
    sources text[], client_ips text[], helos text[], protocols text[], tls_used boolean[], sizes integer[],
    flag_lists text[], received_ats timestamptz[], due_ats timestamptz[], contents bytea[], sha256s bytea[],
    fingerprints bytea[], window_seconds integer[]
) RETURNS TABLE (kept_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH batch AS MATERIALIZED (
        SELECT * FROM unnest(organization_ids, ids, environment_ids, inbox_ids, mail_froms, rcpt_tos, sources, client_ips,
            helos, protocols, tls_used, sizes, flag_lists, received_ats, due_ats, contents, sha256s, fingerprints,
            window_seconds)
        WITH ORDINALITY AS b(organization_id, id, environment_id, inbox_id, mail_from, rcpt_to, source, client_ip, helo,
            protocol, tls, size, flags, received_at, due_at, content, sha256, fingerprint, window_seconds, n)
    ), known AS (
        INSERT INTO inbound_seen AS s (organization_id, inbox_id, fingerprint, mail_id, expires_at)
        SELECT DISTINCT ON (organization_id, inbox_id, fingerprint) organization_id, inbox_id, fingerprint, id,
            now() + make_interval(secs => window_seconds)
        FROM batch ORDER BY organization_id, inbox_id, fingerprint, n
        ON CONFLICT (organization_id, inbox_id, fingerprint) DO UPDATE
            -- A duplicate writes the row anew as it was: only so is it read as it is now, whoever committed it meanwhile.
            SET mail_id = CASE WHEN s.expires_at < now() THEN EXCLUDED.mail_id ELSE s.mail_id END,
                expires_at = CASE WHEN s.expires_at < now() THEN EXCLUDED.expires_at ELSE s.expires_at END
        RETURNING s.organization_id, s.inbox_id, s.fingerprint, s.mail_id
    ), bytes AS (
        INSERT INTO blobs (organization_id, id, size, sha256, media_type, content, created_at)
        SELECT b.organization_id, b.id, b.size, b.sha256, 'message/rfc822', b.content, b.received_at
        FROM batch b JOIN known k ON k.organization_id = b.organization_id AND k.mail_id = b.id
    ), mails AS (
        INSERT INTO inbound_mails (organization_id, id, environment_id, inbox_id, mail_from, rcpt_to, source, client_ip,
            helo, protocol, tls, size, flags, received_at, due_at)
        SELECT b.organization_id, b.id, b.environment_id, b.inbox_id, b.mail_from, string_to_array(b.rcpt_to, E'\n'),
            b.source, b.client_ip, b.helo, b.protocol, b.tls, b.size, string_to_array(b.flags, ','), b.received_at,
            COALESCE(b.due_at, now())
        FROM batch b JOIN known k ON k.organization_id = b.organization_id AND k.mail_id = b.id
    )
    SELECT k.mail_id
    FROM batch b
    JOIN known k ON k.organization_id = b.organization_id AND k.inbox_id = b.inbox_id AND k.fingerprint = b.fingerprint
    ORDER BY b.n
$$;

-- A later command proved that the first 250 was read: the same bytes again are a new mail.
CREATE FUNCTION router.forget_seen(organization_ids uuid[], inbox_ids uuid[], fingerprints bytea[], mail_ids uuid[])
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    DELETE FROM inbound_seen s
    USING unnest(organization_ids, inbox_ids, fingerprints, mail_ids) AS f(organization_id, inbox_id, fingerprint, mail_id)
    WHERE s.organization_id = f.organization_id AND s.inbox_id = f.inbox_id AND s.fingerprint = f.fingerprint
        AND s.mail_id = f.mail_id
$$;

SET ROLE agentpost_owner;
