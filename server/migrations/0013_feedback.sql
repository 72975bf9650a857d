-- Feedback: whose a call is, told by our own id or by the provider's; and bounces that say nothing for sure.

-- Each of these calls carries a List-Unsubscribe of its own: its one recipient's.
ALTER TABLE transmissions ADD COLUMN list_unsubscribe boolean NOT NULL DEFAULT false;

-- When an address last bounced without a clear reason: its times within the last days, at most as many as suppress it.
CREATE TABLE undetermined_bounces (
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    email text NOT NULL COLLATE "C",
    bounced_at timestamptz[] NOT NULL,
    PRIMARY KEY (organization_id, environment_id, email),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments
);
CALL protect('undetermined_bounces');

-- Tags, providers' ids and trace headers carry no organization.
CREATE INDEX attempts_id ON attempts (id);
CREATE INDEX inboxes_id ON inboxes (id);
DROP INDEX attempts_provider;
CREATE INDEX attempts_provider ON attempts (provider_id, transport) WHERE provider_id IS NOT NULL;

SET ROLE agentpost_router;

-- Whose attempts these are: asked with ids whose MAC was checked.
CREATE FUNCTION router.route_attempts(attempt_ids uuid[])
RETURNS TABLE (attempt_id uuid, organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT a.id, a.organization_id FROM attempts a WHERE a.id = ANY (attempt_ids)
$$;

-- The attempts that a transport gave these ids to; an id that it gave twice names none.
CREATE FUNCTION router.route_provider_ids(transports text[], provider_ids text[])
RETURNS TABLE (transport text, provider_id text, organization_id uuid, attempt_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT q.transport, q.provider_id, (array_agg(a.organization_id))[1], (array_agg(a.id))[1]
    FROM (SELECT DISTINCT * FROM unnest(transports, provider_ids) AS u(transport, provider_id)) q
    CROSS JOIN LATERAL (
        SELECT a.organization_id, a.id FROM attempts a
        WHERE a.provider_id = q.provider_id AND a.transport = q.transport LIMIT 2
    ) a
    GROUP BY 1, 2 HAVING count(*) = 1
$$;

-- Whose an inbox is: asked with the one that a signed trace header names.
CREATE FUNCTION router.route_inbox(inbox_id uuid) RETURNS TABLE (organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT i.organization_id FROM inboxes i WHERE i.id = route_inbox.inbox_id
$$;

GRANT EXECUTE ON FUNCTION router.route_attempts, router.route_provider_ids, router.route_inbox TO agentpost_worker;

SET ROLE agentpost_owner;
