-- Mail out passes over organizations, and domains of their receivers, that hold their share of the places already: such
-- calls may stall for minutes, and no other mail waits for them.

SET ROLE agentpost_router;

DROP FUNCTION router.claim_transmissions(uuid, integer, integer, integer);
CREATE FUNCTION router.claim_transmissions(
    start uuid, batch integer, per_organization integer, lease_seconds integer,
    busy uuid[] DEFAULT '{}', busy_of uuid[] DEFAULT '{}', busy_domains text[] DEFAULT '{}'
) RETURNS TABLE (organization_id uuid, id uuid, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE waiting AS (
        (SELECT t.organization_id FROM transmissions t WHERE t.due_at <= now() AND t.organization_id >= start
         ORDER BY t.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM waiting w CROSS JOIN LATERAL (
            SELECT t.organization_id FROM transmissions t
            WHERE t.due_at <= now() AND t.organization_id > w.organization_id
            ORDER BY t.organization_id LIMIT 1
        ) n
    ), picked AS (
        SELECT due.organization_id, due.id
        FROM (SELECT w.organization_id FROM waiting w WHERE w.organization_id <> ALL (busy) LIMIT batch) w
        CROSS JOIN LATERAL (
            SELECT t.organization_id, t.id FROM transmissions t
            WHERE t.organization_id = w.organization_id AND t.due_at <= now()
              AND NOT EXISTS (SELECT FROM unnest(busy_of, busy_domains) AS b(organization_id, domain)
                              WHERE b.organization_id = t.organization_id AND b.domain = t.domain)
            ORDER BY t.due_at LIMIT per_organization FOR UPDATE SKIP LOCKED
        ) due LIMIT batch
    )
    UPDATE transmissions t SET due_at = now() + make_interval(secs => lease_seconds), attempts = t.attempts + 1
    FROM picked WHERE t.organization_id = picked.organization_id AND t.id = picked.id
    RETURNING t.organization_id, t.id, t.attempts
$$;

GRANT EXECUTE ON FUNCTION router.claim_transmissions TO agentpost_worker;

SET ROLE agentpost_owner;
