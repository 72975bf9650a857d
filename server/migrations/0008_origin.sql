-- inbound_mails.authentication is written at last: what the door, or a provider, found out about a mail's origin before
-- it was accepted. Null: ingest asks.

SET ROLE agentpost_router;

DROP FUNCTION router.accept_batch;

-- Accepts a batch in one statement: bytes, work row and duplicate window. Answers, in order, under which id each is
-- kept: its own when it was new, else that of the same mail before it.
-- `content` is null where the bytes are already in the blob store; a null due_at is now.
CREATE FUNCTION router.accept_batch(
    organization_ids uuid[], ids uuid[], environment_ids uuid[], inbox_ids uuid[], mail_froms text[], rcpt_tos text[],
    sources text[], client_ips text[], helos text[], protocols text[], tls_used boolean[], sizes integer[],
    flag_lists text[], received_ats timestamptz[], due_ats timestamptz[], contents bytea[], sha256s bytea[],
    fingerprints bytea[], window_seconds integer[], authentications text[]
) RETURNS TABLE (kept_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH batch AS MATERIALIZED (
        SELECT * FROM unnest(organization_ids, ids, environment_ids, inbox_ids, mail_froms, rcpt_tos, sources, client_ips,
            helos, protocols, tls_used, sizes, flag_lists, received_ats, due_ats, contents, sha256s, fingerprints,
            window_seconds, authentications)
        WITH ORDINALITY AS b(organization_id, id, environment_id, inbox_id, mail_from, rcpt_to, source, client_ip, helo,
            protocol, tls, size, flags, received_at, due_at, content, sha256, fingerprint, window_seconds,
            authentication, n)
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
            helo, protocol, tls, size, flags, received_at, due_at, authentication)
        SELECT b.organization_id, b.id, b.environment_id, b.inbox_id, b.mail_from, string_to_array(b.rcpt_to, E'\n'),
            b.source, b.client_ip, b.helo, b.protocol, b.tls, b.size, string_to_array(b.flags, ','), b.received_at,
            COALESCE(b.due_at, now()), b.authentication::jsonb
        FROM batch b JOIN known k ON k.organization_id = b.organization_id AND k.mail_id = b.id
    )
    SELECT k.mail_id
    FROM batch b
    JOIN known k ON k.organization_id = b.organization_id AND k.inbox_id = b.inbox_id AND k.fingerprint = b.fingerprint
    ORDER BY b.n
$$;

GRANT EXECUTE ON FUNCTION router.accept_batch TO agentpost_worker;

SET ROLE agentpost_owner;
