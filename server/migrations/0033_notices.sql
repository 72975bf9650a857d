-- The product's own mails: to whom, about what, and how far each got. What it says is written when it is sent, out of
-- what is true then: no row holds words or tokens, and no API key reads any.
CREATE TABLE notices (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    kind text NOT NULL,
    about uuid NOT NULL,
    email text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'kept', 'failed', 'needless')),
    detail text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    due_at timestamptz DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments ON DELETE CASCADE
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX notices_due ON notices (organization_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notices_by_environment ON notices (organization_id, environment_id, id);
CREATE INDEX notices_newest ON notices (id);
CALL protect('notices');

SET ROLE agentpost_router;

-- Due notices: claimed as all due rows are (0006).
CREATE FUNCTION router.claim_notices(start uuid, batch integer, per_organization integer, lease_seconds integer)
RETURNS TABLE (organization_id uuid, id uuid, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE waiting AS (
        (SELECT t.organization_id FROM notices t WHERE t.due_at <= now() AND t.organization_id >= start
         ORDER BY t.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM waiting w CROSS JOIN LATERAL (
            SELECT t.organization_id FROM notices t WHERE t.due_at <= now() AND t.organization_id > w.organization_id
            ORDER BY t.organization_id LIMIT 1
        ) n
    ), picked AS (
        SELECT due.organization_id, due.id FROM (SELECT w.organization_id FROM waiting w LIMIT batch) w
        CROSS JOIN LATERAL (
            SELECT t.organization_id, t.id FROM notices t
            WHERE t.organization_id = w.organization_id AND t.due_at <= now()
            ORDER BY t.due_at LIMIT per_organization FOR UPDATE SKIP LOCKED
        ) due LIMIT batch
    )
    UPDATE notices t SET due_at = now() + make_interval(secs => lease_seconds), attempts = t.attempts + 1
    FROM picked WHERE t.organization_id = picked.organization_id AND t.id = picked.id
    RETURNING t.organization_id, t.id, t.attempts
$$;

-- The newest notices of all tenants, for whoever runs this server.
CREATE FUNCTION router.list_notices(most integer)
RETURNS TABLE (organization_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT n.organization_id, n.id FROM notices n ORDER BY n.id DESC LIMIT most
$$;
GRANT EXECUTE ON FUNCTION router.claim_notices, router.list_notices TO agentpost_worker;
SET ROLE agentpost_owner;
