-- Waits: a message that somebody waits for from a position of the log on. Matching is work on the inbox, not on the
-- wait: however many wait there, a mail makes one row due.

CREATE TABLE waits (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    sender text,
    subject text,
    body_text text,
    label text COLLATE "C",
    has_code boolean NOT NULL DEFAULT false,
    exclusive boolean NOT NULL,
    status text NOT NULL DEFAULT 'armed' CHECK (status IN ('armed', 'matched', 'expired', 'cancelled')),
    position bigint NOT NULL, -- of the log when it was armed: what stands behind it may match
    looked boolean NOT NULL DEFAULT false, -- whether what stood between `position` and its inbox's was looked through
    deadline timestamptz NOT NULL,
    message_id uuid,
    matched_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes ON DELETE CASCADE,
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE SET NULL (message_id)
) WITH (fillfactor = 80);
CREATE INDEX waits_armed ON waits (organization_id, inbox_id, id) WHERE status = 'armed';
CREATE INDEX waits_deadline ON waits (deadline) WHERE status = 'armed';
CREATE INDEX waits_ended ON waits (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX waits_of_message ON waits (organization_id, message_id) WHERE message_id IS NOT NULL;
-- A message goes to one exclusive wait at most, whatever the code above does.
CREATE UNIQUE INDEX waits_exclusive ON waits (organization_id, message_id) WHERE exclusive AND message_id IS NOT NULL;
CALL protect('waits');

-- Work: an inbox that somebody has waited on. The log was looked through up to `position` for every wait that has
-- `looked`; there is something new up to `told`; `arms` counts the waits that were armed here.
CREATE TABLE wait_looks (
    organization_id uuid NOT NULL,
    id uuid NOT NULL, -- the inbox's
    position bigint NOT NULL,
    told bigint NOT NULL,
    arms bigint NOT NULL DEFAULT 1,
    due_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES inboxes ON DELETE CASCADE
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX wait_looks_due ON wait_looks (organization_id, due_at) WHERE due_at IS NOT NULL;
CALL protect('wait_looks');

SET ROLE agentpost_router;

-- In a publication: inboxes that got mail in (after, until] while somebody waits there become due. Who is at work on one
-- learns by `told` that it is not done yet. Locked in the order in which looks are settled. Answers how many.
CREATE FUNCTION router.ring_waits(after bigint, until bigint) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp SET enable_seqscan = off AS $$
    WITH got AS MATERIALIZED (
        SELECT DISTINCT e.organization_id, e.inbox_id FROM events e
        WHERE e.position > after AND e.position <= until AND e.type = 'message.received'
    ), locked AS MATERIALIZED (
        SELECT l.organization_id, l.id FROM got g
        JOIN wait_looks l ON l.organization_id = g.organization_id AND l.id = g.inbox_id
        WHERE EXISTS (SELECT FROM waits w WHERE w.organization_id = g.organization_id AND w.inbox_id = g.inbox_id
            AND w.status = 'armed')
        ORDER BY l.organization_id, l.id FOR UPDATE OF l
    ), rung AS (
        UPDATE wait_looks l SET told = until, due_at = COALESCE(l.due_at, now())
        FROM locked WHERE l.organization_id = locked.organization_id AND l.id = locked.id RETURNING 1
    ) SELECT count(*)::integer FROM rung
$$;

-- The head of the log, once every publication that is under way has ended: whoever asks after reading the armed waits
-- knows that what is published behind this position rings for all of them.
CREATE FUNCTION router.settled_position() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT position FROM log_head FOR SHARE
$$;

-- As router.make_claim made the others (0006).
CREATE FUNCTION router.claim_wait_looks(start uuid, batch integer, per_organization integer, lease_seconds integer)
RETURNS TABLE (organization_id uuid, id uuid, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE waiting AS (
        (SELECT t.organization_id FROM wait_looks t WHERE t.due_at <= now() AND t.organization_id >= start
         ORDER BY t.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM waiting w CROSS JOIN LATERAL (
            SELECT t.organization_id FROM wait_looks t WHERE t.due_at <= now() AND t.organization_id > w.organization_id
            ORDER BY t.organization_id LIMIT 1
        ) n
    ), picked AS (
        SELECT due.organization_id, due.id FROM (SELECT w.organization_id FROM waiting w LIMIT batch) w
        CROSS JOIN LATERAL (
            SELECT t.organization_id, t.id FROM wait_looks t
            WHERE t.organization_id = w.organization_id AND t.due_at <= now()
            ORDER BY t.due_at LIMIT per_organization FOR UPDATE SKIP LOCKED
        ) due LIMIT batch
    )
    UPDATE wait_looks t SET due_at = now() + make_interval(secs => lease_seconds), attempts = t.attempts + 1
    FROM picked WHERE t.organization_id = picked.organization_id AND t.id = picked.id
    RETURNING t.organization_id, t.id, t.attempts
$$;

-- Which of these waits have ended: for the processes that hold requests open for them.
CREATE FUNCTION router.ended_waits(organization_ids uuid[], ids uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT w.id FROM unnest(organization_ids, ids) AS asked(organization_id, id)
    JOIN waits w ON w.organization_id = asked.organization_id AND w.id = asked.id WHERE w.status <> 'armed'
$$;

-- Ends waits past their deadline that nobody asked for, and takes away those that ended long ago. Answers how many of
-- the more.
CREATE FUNCTION router.prune_waits(batch integer, keep_seconds bigint) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH late AS (
        UPDATE waits SET status = 'expired', ended_at = deadline WHERE status = 'armed' AND ctid = ANY (ARRAY(
            SELECT ctid FROM waits WHERE status = 'armed' AND deadline <= now() LIMIT batch FOR UPDATE SKIP LOCKED))
        RETURNING 1
    ), gone AS (
        DELETE FROM waits WHERE ctid = ANY (ARRAY(SELECT ctid FROM waits
            WHERE ended_at < now() - make_interval(secs => keep_seconds) LIMIT batch)) RETURNING 1
    ) SELECT GREATEST((SELECT count(*) FROM late), (SELECT count(*) FROM gone))::integer
$$;

GRANT EXECUTE ON FUNCTION router.ring_waits, router.settled_position, router.claim_wait_looks, router.ended_waits,
    router.prune_waits TO agentpost_worker;

SET ROLE agentpost_owner;
