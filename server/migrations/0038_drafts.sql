-- Drafts: what may become a message. A draft's content stands in its revisions, the newest of which is the draft; the
-- bytes of its files lie in `blobs` under the files' own ids.

-- `due_at` is set while a draft is scheduled: then it is work, claimed as every other (0006). `failure` says why it was
-- not sent, or not yet.
CREATE TABLE drafts (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    client_id text,
    revision integer NOT NULL DEFAULT 1,
    status text NOT NULL CHECK (status IN ('open', 'scheduled', 'sending', 'failed')),
    failure jsonb,
    faults integer NOT NULL DEFAULT 0,
    created_by jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, environment_id, client_id),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes
) WITH (fillfactor = 80);
CREATE INDEX drafts_by_inbox ON drafts (organization_id, inbox_id, id);
CREATE INDEX drafts_due ON drafts (organization_id, due_at) WHERE due_at IS NOT NULL;
CALL protect('drafts');

CREATE TABLE draft_revisions (
    organization_id uuid NOT NULL,
    draft_id uuid NOT NULL,
    revision integer NOT NULL,
    changed text[] NOT NULL DEFAULT '{}',
    author jsonb NOT NULL,
    send_at timestamptz,
    content json NOT NULL,
    text_body text,
    html_body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, draft_id, revision),
    FOREIGN KEY (organization_id, draft_id) REFERENCES drafts ON DELETE CASCADE
);
CALL protect('draft_revisions');

-- Every file that a revision of a draft names: what goes with the draft.
CREATE TABLE draft_files (
    organization_id uuid NOT NULL,
    draft_id uuid NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (organization_id, draft_id, id),
    FOREIGN KEY (organization_id, draft_id) REFERENCES drafts ON DELETE CASCADE
);
CALL protect('draft_files');

SET ROLE agentpost_router;

-- As 0006 claims every other work row; what is claimed says so.
CREATE FUNCTION router.claim_drafts(start uuid, batch integer, per_organization integer, lease_seconds integer)
RETURNS TABLE (organization_id uuid, id uuid, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE waiting AS (
        (SELECT t.organization_id FROM drafts t WHERE t.due_at <= now() AND t.organization_id >= start
         ORDER BY t.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM waiting w CROSS JOIN LATERAL (
            SELECT t.organization_id FROM drafts t WHERE t.due_at <= now() AND t.organization_id > w.organization_id
            ORDER BY t.organization_id LIMIT 1
        ) n
    ), picked AS (
        SELECT due.organization_id, due.id FROM (SELECT w.organization_id FROM waiting w LIMIT batch) w
        CROSS JOIN LATERAL (
            SELECT t.organization_id, t.id FROM drafts t
            WHERE t.organization_id = w.organization_id AND t.due_at <= now()
            ORDER BY t.due_at LIMIT per_organization FOR UPDATE SKIP LOCKED
        ) due LIMIT batch
    )
    UPDATE drafts t SET due_at = now() + make_interval(secs => lease_seconds), attempts = t.attempts + 1,
        status = 'sending'
    FROM picked WHERE t.organization_id = picked.organization_id AND t.id = picked.id
    RETURNING t.organization_id, t.id, t.attempts
$$;

GRANT EXECUTE ON FUNCTION router.claim_drafts TO agentpost_worker;

SET ROLE agentpost_owner;
