-- The text of attached files. A file that can be read is work from the moment its message stands; what reading gave
-- stands in rows of its own, and all of it goes with the attachment, so with the message.

-- Work: files not yet read, under the attachment's id. The row goes when the text stands, or when there will be none.
CREATE TABLE file_readings (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    due_at timestamptz DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES attachments ON DELETE CASCADE
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX file_readings_due ON file_readings (organization_id, due_at) WHERE due_at IS NOT NULL;
CALL protect('file_readings');

-- What reading a file came to. `failure` tells why there are no pages.
CREATE TABLE file_texts (
    organization_id uuid NOT NULL,
    attachment_id uuid NOT NULL,
    page_count integer NOT NULL,
    truncated boolean NOT NULL,
    failure text,
    PRIMARY KEY (organization_id, attachment_id),
    FOREIGN KEY (organization_id, attachment_id) REFERENCES attachments ON DELETE CASCADE
);
CALL protect('file_texts');

-- A row a page. Not compressed: a slice of a long page is read without the rest.
CREATE TABLE file_pages (
    organization_id uuid NOT NULL,
    attachment_id uuid NOT NULL,
    page integer NOT NULL,
    characters integer NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (organization_id, attachment_id, page),
    FOREIGN KEY (organization_id, attachment_id) REFERENCES attachments ON DELETE CASCADE
);
ALTER TABLE file_pages ALTER text SET STORAGE EXTERNAL;
CALL protect('file_pages');

SET ROLE agentpost_router;

-- As the other claims (0006): a few of each organization, from `start` on.
CREATE FUNCTION router.claim_file_readings(start uuid, batch integer, per_organization integer, lease_seconds integer)
RETURNS TABLE (organization_id uuid, id uuid, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE waiting AS (
        (SELECT t.organization_id FROM file_readings t WHERE t.due_at <= now() AND t.organization_id >= start
         ORDER BY t.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM waiting w CROSS JOIN LATERAL (
            SELECT t.organization_id FROM file_readings t
            WHERE t.due_at <= now() AND t.organization_id > w.organization_id
            ORDER BY t.organization_id LIMIT 1
        ) n
    ), picked AS (
        SELECT due.organization_id, due.id FROM (SELECT w.organization_id FROM waiting w LIMIT batch) w
        CROSS JOIN LATERAL (
            SELECT t.organization_id, t.id FROM file_readings t
            WHERE t.organization_id = w.organization_id AND t.due_at <= now()
            ORDER BY t.due_at LIMIT per_organization FOR UPDATE SKIP LOCKED
        ) due LIMIT batch
    )
    UPDATE file_readings t SET due_at = now() + make_interval(secs => lease_seconds), attempts = t.attempts + 1
    FROM picked WHERE t.organization_id = picked.organization_id AND t.id = picked.id
    RETURNING t.organization_id, t.id, t.attempts
$$;

CREATE OR REPLACE FUNCTION router.backlog() RETURNS TABLE (kind text, waiting bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT 'inbound_mails', count(*) FROM (SELECT FROM inbound_mails WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'transmissions', count(*) FROM (SELECT FROM transmissions WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'webhook_deliveries', count(*) FROM (SELECT FROM webhook_deliveries WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'domains', count(*) FROM (SELECT FROM domains WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'provider_mails', count(*) FROM (SELECT FROM provider_mails WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'file_readings', count(*) FROM (SELECT FROM file_readings WHERE due_at <= now() LIMIT 10000) w
$$;

GRANT EXECUTE ON FUNCTION router.claim_file_readings TO agentpost_worker;

SET ROLE agentpost_owner;
