-- Sends that wait for a person. The message stands in `messages` with status pending_approval; here is what only the
-- hold needs: who may decide, what composing will need, and when it ends by itself. Each row carries its message's id.
CREATE TABLE holds (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    reasons jsonb NOT NULL, -- every one that holds it; the message's own `hold` shows the first
    approvers text[] NOT NULL DEFAULT '{}',
    author jsonb NOT NULL,
    author_may_approve boolean NOT NULL DEFAULT false,
    revision integer NOT NULL DEFAULT 1,
    on_expiry text NOT NULL CHECK (on_expiry IN ('reject', 'send')),
    expires_at timestamptz NOT NULL,
    rest jsonb NOT NULL,                          -- of the mail: what no revision can change
    loop_lines bytea[] NOT NULL DEFAULT '{}',     -- of a conversation that its fuse stopped: as in loop_fuses
    busy_by uuid,                                 -- who puts the bytes of a large mail away, so that nobody else does
    busy_until timestamptz,
    due_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES messages ON DELETE CASCADE
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX holds_due ON holds (organization_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX holds_of_loops ON holds (organization_id, inbox_id) WHERE due_at IS NOT NULL AND loop_lines <> '{}';
CALL protect('holds');

-- What a held mail said, revision by revision; the last is what will go.
CREATE TABLE message_revisions (
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    revision integer NOT NULL,
    changed text[] NOT NULL DEFAULT '{}',
    author jsonb NOT NULL,
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, message_id, revision),
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE CASCADE
);
CALL protect('message_revisions');

SET ROLE agentpost_router;

-- Holds whose time is over: claimed as all due rows are (0006).
CREATE FUNCTION router.claim_holds(start uuid, batch integer, per_organization integer, lease_seconds integer)
RETURNS TABLE (organization_id uuid, id uuid, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE waiting AS (
        (SELECT t.organization_id FROM holds t WHERE t.due_at <= now() AND t.organization_id >= start
         ORDER BY t.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM waiting w CROSS JOIN LATERAL (
            SELECT t.organization_id FROM holds t WHERE t.due_at <= now() AND t.organization_id > w.organization_id
            ORDER BY t.organization_id LIMIT 1
        ) n
    ), picked AS (
        SELECT due.organization_id, due.id FROM (SELECT w.organization_id FROM waiting w LIMIT batch) w
        CROSS JOIN LATERAL (
            SELECT t.organization_id, t.id FROM holds t
            WHERE t.organization_id = w.organization_id AND t.due_at <= now()
            ORDER BY t.due_at LIMIT per_organization FOR UPDATE SKIP LOCKED
        ) due LIMIT batch
    )
    UPDATE holds t SET due_at = now() + make_interval(secs => lease_seconds), attempts = t.attempts + 1
    FROM picked WHERE t.organization_id = picked.organization_id AND t.id = picked.id
    RETURNING t.organization_id, t.id, t.attempts
$$;
GRANT EXECUTE ON FUNCTION router.claim_holds TO agentpost_worker;
SET ROLE agentpost_owner;
