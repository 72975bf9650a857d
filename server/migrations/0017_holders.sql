-- Whoever holds the nearest domain above an address names it, and nobody else: not who holds a domain further up, and not
-- another environment of the same organization. And mail that waits for its inbox keeps what its door said of it.

ALTER TABLE provider_mails ADD COLUMN flags text[] NOT NULL DEFAULT '{}';

SET ROLE agentpost_router;

-- An address at a domain that the caller's organization holds, which somebody else left behind, goes.
CREATE OR REPLACE FUNCTION router.free_address(address text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    DELETE FROM addresses a USING (
        SELECT v.organization_id, v.environment_id FROM verified_domains v
        WHERE v.domain = ANY (ARRAY(SELECT array_to_string(l.labels[i:], '.')
            FROM (SELECT string_to_array(split_part(free_address.address, '@', -1), '.') AS labels) l,
                generate_series(1, cardinality(l.labels)) i))
        ORDER BY length(v.domain) DESC LIMIT 1
    ) holder
    WHERE a.address = free_address.address AND holder.organization_id = current_organization()
        AND (a.organization_id, a.environment_id) <> (holder.organization_id, holder.environment_id)
$$;

DROP FUNCTION router.release_address;

-- Only of that inbox: the address may have gone to another environment's meanwhile.
CREATE FUNCTION router.release_address(address text, inbox_id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    UPDATE addresses AS a SET inbox_id = NULL, released_at = now()
    WHERE a.address = release_address.address AND a.organization_id = current_organization()
        AND a.inbox_id = release_address.inbox_id
$$;

-- As before (0010), but that an address counts only in the environment that holds its domain.
CREATE OR REPLACE FUNCTION router.route_recipients(exact text[], untagged text[], domains text[])
RETURNS TABLE (organization_id uuid, environment_id uuid, inbox_id uuid, verified boolean, domain_owner uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT COALESCE(a.organization_id, b.organization_id, c.organization_id),
           COALESCE(a.environment_id, b.environment_id, c.environment_id),
           COALESCE(a.inbox_id, b.inbox_id, c.catch_all_inbox_id),
           COALESCE(v.domain = asked.domain OR (SELECT d.subdomains_enabled FROM domains d
               WHERE d.organization_id = v.organization_id AND d.id = v.domain_id), false),
           v.organization_id
    FROM unnest(exact, untagged, domains) WITH ORDINALITY AS asked(exact, untagged, domain, n)
    LEFT JOIN LATERAL (
        SELECT p.domain, p.organization_id, p.environment_id, p.domain_id FROM verified_domains p
        WHERE p.domain = ANY (ARRAY(SELECT array_to_string(l.labels[i:], '.')
            FROM (SELECT string_to_array(asked.domain, '.') AS labels) l, generate_series(1, cardinality(l.labels)) i))
        ORDER BY length(p.domain) DESC LIMIT 1
    ) v ON true
    LEFT JOIN addresses a ON a.address = asked.exact AND a.inbox_id IS NOT NULL
        AND (v.domain IS NULL OR (a.organization_id = v.organization_id AND a.environment_id = v.environment_id)
            OR split_part(asked.exact, '@', 2) <> asked.domain)
    LEFT JOIN addresses b ON a.address IS NULL AND b.address = asked.untagged AND b.inbox_id IS NOT NULL
        AND (v.domain IS NULL OR (b.organization_id = v.organization_id AND b.environment_id = v.environment_id)
            OR split_part(asked.untagged, '@', 2) <> asked.domain)
    LEFT JOIN domains c ON a.address IS NULL AND b.address IS NULL AND c.organization_id = v.organization_id
        AND c.id = v.domain_id AND c.catch_all_inbox_id IS NOT NULL
        AND (v.domain = asked.domain OR c.subdomains_enabled)
    ORDER BY asked.n;
END $$;

DROP FUNCTION router.keep_provider_mail;

-- Writes down what was done, a recipient a row. What stands already stays.
CREATE FUNCTION router.keep_provider_mail(
    mail_source text, mail_id text, recipients text[], outcomes text[], reasons text[], mail_from text,
    authentication text, location text, received_at timestamptz, flags text[]
) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    INSERT INTO provider_mails (source, provider_id, recipient, outcome, reason, mail_from, authentication, location,
        received_at, due_at, flags)
    SELECT mail_source, mail_id, r.recipient, r.outcome, r.reason, keep_provider_mail.mail_from,
        CASE WHEN r.outcome = 'unrouted' THEN keep_provider_mail.authentication END,
        CASE WHEN r.outcome = 'unrouted' THEN keep_provider_mail.location END, keep_provider_mail.received_at,
        CASE WHEN r.outcome = 'unrouted' THEN now() + interval '1 minute' END, keep_provider_mail.flags
    FROM unnest(recipients, outcomes, reasons) AS r(recipient, outcome, reason)
    ON CONFLICT DO NOTHING
$$;

DROP FUNCTION router.claim_unrouted;

-- Unrouted mail whose next try is due. The older it is, the longer until the try after that.
CREATE FUNCTION router.claim_unrouted(batch integer) RETURNS TABLE (
    source text, provider_id text, recipient text, mail_from text, authentication text, location text,
    received_at timestamptz, flags text[], waited_seconds double precision
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    -- Picked apart, because a joined subquery may run again for each row of the other side, each time with a new LIMIT.
    WITH due AS MATERIALIZED (
        SELECT d.source, d.provider_id, d.recipient FROM provider_mails d WHERE d.due_at <= now()
        ORDER BY d.due_at LIMIT batch FOR UPDATE SKIP LOCKED
    )
    UPDATE provider_mails m SET due_at = now() + GREATEST(interval '1 minute', (now() - m.seen_at) / 4)
    FROM due WHERE m.source = due.source AND m.provider_id = due.provider_id AND m.recipient = due.recipient
    RETURNING m.source, m.provider_id, m.recipient, m.mail_from, m.authentication, m.location, m.received_at, m.flags,
        extract(epoch FROM now() - m.seen_at)::double precision
$$;

GRANT EXECUTE ON FUNCTION router.release_address TO agentpost_api, agentpost_worker;
GRANT EXECUTE ON FUNCTION router.keep_provider_mail, router.claim_unrouted TO agentpost_worker;

SET ROLE agentpost_owner;
