-- What a hold knows of those who wrote it; what a late send would lose; notices that go when they are old; and numbers
-- for every kind of work.

-- A draft may have several writers, and none of them approves it. `begun_at`: when the first words of it were written.
ALTER TABLE holds ADD COLUMN other_authors jsonb NOT NULL DEFAULT '[]', ADD COLUMN begun_at timestamptz;

-- Of scheduled mail: what only its composed bytes or nobody would know when it comes too late and is held.
ALTER TABLE transmissions ADD COLUMN author jsonb, ADD COLUMN track_opens boolean NOT NULL DEFAULT false;

CREATE INDEX notices_age ON notices USING brin (created_at);

SET ROLE agentpost_router;

CREATE OR REPLACE FUNCTION router.prune(kind text, batch integer, keep_seconds bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
DECLARE gone integer;
BEGIN
    CASE kind
        WHEN 'idempotency_keys' THEN
            DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys
                WHERE created_at < now() - make_interval(secs => keep_seconds) LIMIT batch));
        WHEN 'inbound_seen' THEN
            DELETE FROM inbound_seen WHERE ctid = ANY (ARRAY(SELECT ctid FROM inbound_seen
                WHERE expires_at < now() LIMIT batch));
        WHEN 'stream_tickets' THEN
            DELETE FROM stream_tickets WHERE ctid = ANY (ARRAY(SELECT ctid FROM stream_tickets
                WHERE expires_at < now() LIMIT batch));
        WHEN 'request_log' THEN
            DELETE FROM request_log WHERE ctid = ANY (ARRAY(SELECT ctid FROM request_log
                WHERE at < now() - make_interval(secs => keep_seconds) LIMIT batch));
        WHEN 'webhook_deliveries' THEN
            DELETE FROM webhook_deliveries WHERE ctid = ANY (ARRAY(SELECT ctid FROM webhook_deliveries
                WHERE due_at IS NULL AND created_at < now() - make_interval(secs => keep_seconds) LIMIT batch));
        WHEN 'events' THEN
            DELETE FROM events WHERE ctid = ANY (ARRAY(SELECT ctid FROM events
                WHERE published_at < now() - make_interval(secs => keep_seconds) LIMIT batch));
        WHEN 'notices' THEN
            DELETE FROM notices WHERE ctid = ANY (ARRAY(SELECT ctid FROM notices
                WHERE due_at IS NULL AND created_at < now() - make_interval(secs => keep_seconds) LIMIT batch));
    END CASE;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

CREATE OR REPLACE FUNCTION router.backlog() RETURNS TABLE (kind text, waiting bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT 'inbound_mails', count(*) FROM (SELECT FROM inbound_mails WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'transmissions', count(*) FROM (SELECT FROM transmissions WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'webhook_deliveries', count(*) FROM (SELECT FROM webhook_deliveries WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'domains', count(*) FROM (SELECT FROM domains WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'provider_mails', count(*) FROM (SELECT FROM provider_mails WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'file_readings', count(*) FROM (SELECT FROM file_readings WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'holds', count(*) FROM (SELECT FROM holds WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'notices', count(*) FROM (SELECT FROM notices WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'drafts', count(*) FROM (SELECT FROM drafts WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'wait_looks', count(*) FROM (SELECT FROM wait_looks WHERE due_at <= now() LIMIT 10000) w
$$;

SET ROLE agentpost_owner;
