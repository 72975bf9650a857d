-- Claiming due rows. Each function walks the organizations that have due work and takes a few from each, so that a
-- tenant's backlog delays nobody else. The walk begins at `start`: callers begin at a random place, then at the lowest,
-- so that no tenant is always first. Claiming sets due_at to the end of the lease
-- and counts the attempt; (id, attempts) is the fencing token that settling must show.

SET ROLE agentpost_router;

CREATE PROCEDURE router.make_claim(work_table text) LANGUAGE plpgsql AS $make$
BEGIN
    EXECUTE format($f$
CREATE FUNCTION router.claim_%1$s(start uuid, batch integer, per_organization integer, lease_seconds integer)
RETURNS TABLE (organization_id uuid, id uuid, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE waiting AS (
        (SELECT t.organization_id FROM %1$s t WHERE t.due_at <= now() AND t.organization_id >= start
         ORDER BY t.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM waiting w CROSS JOIN LATERAL (
            SELECT t.organization_id FROM %1$s t WHERE t.due_at <= now() AND t.organization_id > w.organization_id
            ORDER BY t.organization_id LIMIT 1
        ) n
    ), picked AS (
        SELECT due.organization_id, due.id FROM (SELECT w.organization_id FROM waiting w LIMIT batch) w
        CROSS JOIN LATERAL (
            SELECT t.organization_id, t.id FROM %1$s t
            WHERE t.organization_id = w.organization_id AND t.due_at <= now()
            ORDER BY t.due_at LIMIT per_organization FOR UPDATE SKIP LOCKED
        ) due LIMIT batch
    )
    UPDATE %1$s t SET due_at = now() + make_interval(secs => lease_seconds), attempts = t.attempts + 1
    FROM picked WHERE t.organization_id = picked.organization_id AND t.id = picked.id
    RETURNING t.organization_id, t.id, t.attempts
$$ $f$, work_table);
END $make$;

CALL router.make_claim('inbound_mails');
CALL router.make_claim('transmissions');
DROP PROCEDURE router.make_claim(text);

-- Webhook deliveries are claimed endpoint by endpoint, in turn: the walk goes on behind the one where the last claim
-- ended, so that neither a tenant's nor an endpoint's backlog delays another's. Passed over are organizations and
-- endpoints in `busy`, and endpoints whose circuit is open until their next probe, which is a single delivery. Of an
-- endpoint that is disabled or gone everything due is taken: those are put away, not called.
CREATE FUNCTION router.claim_webhook_deliveries(
    after_organization uuid, after_webhook uuid, batch integer, per_webhook integer, busy uuid[], lease_seconds double precision
) RETURNS TABLE (organization_id uuid, webhook_id uuid, id uuid, attempts integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    org uuid := after_organization;
    hook uuid := after_webhook;
    lease interval := make_interval(secs => lease_seconds);
    room integer := batch;
    quota integer;
    endpoint record;
    taken integer;
BEGIN
    WHILE room > 0 LOOP
        SELECT d.organization_id, d.webhook_id INTO org, hook FROM webhook_deliveries d
        WHERE d.due_at IS NOT NULL AND (d.organization_id, d.webhook_id) > (org, hook)
        ORDER BY d.organization_id, d.webhook_id LIMIT 1;
        EXIT WHEN NOT FOUND;
        CONTINUE WHEN org = ANY (busy) OR hook = ANY (busy) OR NOT EXISTS (SELECT FROM webhook_deliveries d
            WHERE d.organization_id = org AND d.webhook_id = hook AND d.due_at <= now());
        SELECT w.enabled, w.probe_at INTO endpoint FROM webhooks w WHERE w.organization_id = org AND w.id = hook;
        IF NOT COALESCE(endpoint.enabled, false) THEN
            quota := 500;
        ELSIF endpoint.probe_at IS NULL THEN
            quota := LEAST(room, per_webhook);
        ELSE
            UPDATE webhooks w SET probe_at = now() + lease
            WHERE w.organization_id = org AND w.id = hook AND w.probe_at <= now();
            CONTINUE WHEN NOT FOUND;
            quota := 1;
        END IF;
        -- An array, because a joined subquery may run again for each row of the other side, each time with a new LIMIT.
        RETURN QUERY UPDATE webhook_deliveries d SET due_at = now() + lease, attempts = d.attempts + 1
        WHERE d.organization_id = org AND d.id = ANY (ARRAY(SELECT p.id FROM webhook_deliveries p
            WHERE p.organization_id = org AND p.webhook_id = hook AND p.due_at <= now()
            ORDER BY p.due_at LIMIT quota FOR UPDATE SKIP LOCKED))
        RETURNING d.organization_id, d.webhook_id, d.id, d.attempts;
        GET DIAGNOSTICS taken = ROW_COUNT;
        room := room - taken;
    END LOOP;
END $$;

-- Keeping times, by batches: what is over goes, a bounded number of rows a call. Answers how many went.
CREATE FUNCTION router.prune(kind text, batch integer, keep_seconds bigint) RETURNS integer
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
    END CASE;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- How much work waits, over all tenants, for /metrics: numbers alone, and never more than 10,000 rows looked at.
CREATE FUNCTION router.backlog() RETURNS TABLE (kind text, waiting bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT 'inbound_mails', count(*) FROM (SELECT FROM inbound_mails WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'transmissions', count(*) FROM (SELECT FROM transmissions WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'webhook_deliveries', count(*) FROM (SELECT FROM webhook_deliveries WHERE due_at <= now() LIMIT 10000) w
$$;

-- For the operator's commands, which must choose one.
CREATE FUNCTION router.list_organizations() RETURNS TABLE (organization_id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT o.organization_id, o.name FROM organizations o ORDER BY o.organization_id
$$;

SET ROLE agentpost_owner;

-- Pruning goes by age over all tenants; these stay tiny on tables that only grow at the end.
CREATE INDEX events_age ON events USING brin (published_at);
CREATE INDEX request_log_age ON request_log USING brin (at);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries USING brin (created_at);
CREATE INDEX idempotency_keys_old ON idempotency_keys USING brin (created_at);

-- Who may call what. The api role's list is what a request may need; the worker's is everything of the router.
SET ROLE agentpost_router;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA router TO agentpost_worker;
GRANT EXECUTE ON FUNCTION router.claim_address, router.release_address, router.log_position TO agentpost_api;
SET ROLE agentpost_owner;
