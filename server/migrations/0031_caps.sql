-- What was counted against a cap: fixed windows of UTC, one row for each place (an organization, environment or inbox, by
-- its id) and counter. A send locks its rows before it reads them, always in the order of the key, so that two never
-- have the last place both. `concurrent` has one row, which only locks: what is on its way is counted where it lies.
CREATE TABLE cap_windows (
    organization_id uuid NOT NULL REFERENCES organizations,
    place uuid NOT NULL,
    counter text NOT NULL COLLATE "C",
    starts_at timestamptz NOT NULL,
    used bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, place, counter, starts_at)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX cap_windows_age ON cap_windows (starts_at);
CALL protect('cap_windows');

-- Who was written to within a window: each counts once in it.
CREATE TABLE cap_recipients (
    organization_id uuid NOT NULL REFERENCES organizations,
    place uuid NOT NULL,
    counter text NOT NULL COLLATE "C",
    starts_at timestamptz NOT NULL,
    email text NOT NULL COLLATE "C",
    PRIMARY KEY (organization_id, place, counter, starts_at, email)
);
CREATE INDEX cap_recipients_age ON cap_recipients (starts_at);
CALL protect('cap_recipients');

SET ROLE agentpost_router;

-- Windows that ended a day ago and more: nobody asks for them again.
CREATE FUNCTION router.prune_caps(batch integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
DECLARE windows integer; people integer;
BEGIN
    DELETE FROM cap_windows WHERE ctid = ANY (ARRAY(SELECT ctid FROM cap_windows
        WHERE starts_at < now() - interval '2 days' AND counter <> 'concurrent' LIMIT batch));
    GET DIAGNOSTICS windows = ROW_COUNT;
    DELETE FROM cap_recipients WHERE ctid = ANY (ARRAY(SELECT ctid FROM cap_recipients
        WHERE starts_at < now() - interval '2 days' LIMIT batch));
    GET DIAGNOSTICS people = ROW_COUNT;
    RETURN GREATEST(windows, people);
END $$;

-- As in 0007, by the shortest time that the environment and policies name; an inbox may have a shorter one of its own.
CREATE OR REPLACE FUNCTION router.expired_messages(batch integer, per_environment integer)
RETURNS TABLE (organization_id uuid, environment_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH governed AS (
        SELECT p.organization_id, p.environment_id, p.inbox_id, (p.rules ->> 'retention_days')::integer AS days FROM policies p
        WHERE p.kind = 'governance' AND p.enabled AND p.rules ->> 'retention_days' IS NOT NULL
    ), kept AS (
        SELECT e.organization_id, e.id AS environment_id, NULL::uuid AS inbox_id, LEAST(e.retention_days,
            (SELECT min(g.days) FROM governed g WHERE g.organization_id = e.organization_id AND g.inbox_id IS NULL
                AND (g.environment_id IS NULL OR g.environment_id = e.id))) AS days
        FROM environments e
        UNION ALL SELECT g.organization_id, g.environment_id, g.inbox_id, g.days FROM governed g WHERE g.inbox_id IS NOT NULL
    ), bounds AS (
        SELECT k.*, rpad(lpad(to_hex((extract(epoch FROM now() - make_interval(days => k.days)) * 1000)::bigint), 12, '0'),
            32, '0')::uuid AS before
        FROM kept k WHERE k.days IS NOT NULL
    )
    SELECT b.organization_id, b.environment_id, old.id FROM bounds b CROSS JOIN LATERAL (
        SELECT m.id FROM messages m WHERE m.organization_id = b.organization_id AND m.environment_id = b.environment_id
            AND m.id < b.before AND m.status NOT IN ('scheduled', 'pending_approval', 'queued', 'sending')
            AND NOT EXISTS (SELECT FROM transmissions t WHERE t.organization_id = m.organization_id
                AND t.message_id = m.id AND t.due_at IS NOT NULL)
        ORDER BY m.id LIMIT per_environment
    ) old WHERE b.inbox_id IS NULL
    UNION
    SELECT b.organization_id, b.environment_id, old.id FROM bounds b CROSS JOIN LATERAL (
        SELECT m.id FROM messages m WHERE m.organization_id = b.organization_id AND m.inbox_id = b.inbox_id
            AND m.id < b.before AND m.status NOT IN ('scheduled', 'pending_approval', 'queued', 'sending')
            AND NOT EXISTS (SELECT FROM transmissions t WHERE t.organization_id = m.organization_id
                AND t.message_id = m.id AND t.due_at IS NOT NULL)
        ORDER BY m.id LIMIT per_environment
    ) old WHERE b.inbox_id IS NOT NULL
    LIMIT batch
$$;

GRANT EXECUTE ON FUNCTION router.prune_caps TO agentpost_worker;

SET ROLE agentpost_owner;
