-- What waits, for /metrics: also domains to look at, and mail from providers that leads nowhere yet.

SET ROLE agentpost_router;

CREATE OR REPLACE FUNCTION router.backlog() RETURNS TABLE (kind text, waiting bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT 'inbound_mails', count(*) FROM (SELECT FROM inbound_mails WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'transmissions', count(*) FROM (SELECT FROM transmissions WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'webhook_deliveries', count(*) FROM (SELECT FROM webhook_deliveries WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'domains', count(*) FROM (SELECT FROM domains WHERE due_at <= now() LIMIT 10000) w
    UNION ALL SELECT 'provider_mails', count(*) FROM (SELECT FROM provider_mails WHERE due_at <= now() LIMIT 10000) w
$$;

-- How many domains stand how, over all tenants: numbers alone, and never more than 10,000 rows looked at.
CREATE FUNCTION router.count_domains() RETURNS TABLE (status text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT d.status, count(*) FROM (SELECT status FROM domains LIMIT 10000) d GROUP BY d.status
$$;

GRANT EXECUTE ON FUNCTION router.count_domains TO agentpost_worker;

SET ROLE agentpost_owner;
