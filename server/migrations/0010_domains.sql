-- Domains of one's own: what was last seen of their records, the keys that sign for them, and when to look again.

-- `records` holds what the last looks found (the records themselves follow from domain, keys and settings); `provider`
-- what a sending provider asks to be published; `checking_since` is when the present run of checks began. `due_at` and
-- `attempts` are the work, as on every work row. A domain without due_at is looked at only when somebody asks.
ALTER TABLE domains
    ADD COLUMN can_send boolean NOT NULL DEFAULT false,
    ADD COLUMN can_receive boolean NOT NULL DEFAULT false,
    ADD COLUMN token text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
    ADD COLUMN records jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN provider jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN failure text,
    ADD COLUMN checking_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN last_checked_at timestamptz,
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN attempts integer NOT NULL DEFAULT 0;
CREATE INDEX domains_by_environment ON domains (organization_id, environment_id, id);
CREATE INDEX domains_due ON domains (organization_id, due_at) WHERE due_at IS NOT NULL;

-- A key signs from the moment that its record was seen in the DNS (`active_at`) until a younger one's was; it stays
-- published until `retires_at`, for the mail that it signed.
CREATE TABLE dkim_keys (
    organization_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    selector text NOT NULL,
    public_key text NOT NULL,
    private_key bytea NOT NULL, -- sealed
    created_at timestamptz NOT NULL DEFAULT now(),
    active_at timestamptz,
    retires_at timestamptz,
    PRIMARY KEY (organization_id, domain_id, selector),
    FOREIGN KEY (organization_id, domain_id) REFERENCES domains ON DELETE CASCADE
);
CALL protect('dkim_keys');

SET ROLE agentpost_router;

-- True when the domain is the caller's now: the first to prove it owns it until it loses the proof.
CREATE FUNCTION router.claim_domain(domain_id uuid) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH claimed AS (
        INSERT INTO verified_domains AS v (domain, organization_id, environment_id, domain_id)
        SELECT d.domain, d.organization_id, d.environment_id, d.id FROM domains d
        WHERE d.organization_id = current_organization() AND d.id = claim_domain.domain_id
        ON CONFLICT (domain) DO UPDATE SET domain_id = v.domain_id
            WHERE v.organization_id = EXCLUDED.organization_id AND v.domain_id = EXCLUDED.domain_id
        RETURNING 1
    ) SELECT EXISTS (SELECT FROM claimed)
$$;

CREATE FUNCTION router.release_domain(domain text, domain_id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    DELETE FROM verified_domains v WHERE v.domain = release_domain.domain AND v.domain_id = release_domain.domain_id
        AND v.organization_id = current_organization()
$$;

-- An address that a former owner of the caller's domain left behind goes: whoever holds the domain now names its boxes.
CREATE FUNCTION router.free_address(address text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    DELETE FROM addresses a WHERE a.address = free_address.address AND a.organization_id <> current_organization()
        AND EXISTS (SELECT FROM verified_domains v WHERE v.organization_id = current_organization()
            AND (right(a.address, length(v.domain) + 1) IN ('@' || v.domain, '.' || v.domain)))
$$;

-- As 0006 claims every other work row.
CREATE FUNCTION router.claim_domains(start uuid, batch integer, per_organization integer, lease_seconds integer)
RETURNS TABLE (organization_id uuid, id uuid, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE waiting AS (
        (SELECT t.organization_id FROM domains t WHERE t.due_at <= now() AND t.organization_id >= start
         ORDER BY t.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM waiting w CROSS JOIN LATERAL (
            SELECT t.organization_id FROM domains t WHERE t.due_at <= now() AND t.organization_id > w.organization_id
            ORDER BY t.organization_id LIMIT 1
        ) n
    ), picked AS (
        SELECT due.organization_id, due.id FROM (SELECT w.organization_id FROM waiting w LIMIT batch) w
        CROSS JOIN LATERAL (
            SELECT t.organization_id, t.id FROM domains t
            WHERE t.organization_id = w.organization_id AND t.due_at <= now()
            ORDER BY t.due_at LIMIT per_organization FOR UPDATE SKIP LOCKED
        ) due LIMIT batch
    )
    UPDATE domains t SET due_at = now() + make_interval(secs => lease_seconds), attempts = t.attempts + 1
    FROM picked WHERE t.organization_id = picked.organization_id AND t.id = picked.id
    RETURNING t.organization_id, t.id, t.attempts
$$;

DROP FUNCTION router.route_recipients;

-- Where mail goes: the exact address, else the address without its tag, else the catch-all of the nearest verified
-- domain: its own, or one above it whose subdomains are enabled. An address at a domain that somebody else has verified
-- since leads nowhere. One row for each address asked, in order; organization_id is null where nobody answers to it;
-- domain_owner is who has verified the domain. Asked for every RCPT: its plan is made once a connection, for planning it
-- costs several times what running it does, and is one that stays right when the tables grow.
CREATE FUNCTION router.route_recipients(exact text[], untagged text[], domains text[])
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
        SELECT p.domain, p.organization_id, p.domain_id FROM verified_domains p
        WHERE p.domain = ANY (ARRAY(SELECT array_to_string(l.labels[i:], '.')
            FROM (SELECT string_to_array(asked.domain, '.') AS labels) l, generate_series(1, cardinality(l.labels)) i))
        ORDER BY length(p.domain) DESC LIMIT 1
    ) v ON true
    LEFT JOIN addresses a ON a.address = asked.exact AND a.inbox_id IS NOT NULL
        AND (v.domain IS NULL OR a.organization_id = v.organization_id
            OR split_part(asked.exact, '@', 2) <> asked.domain)
    LEFT JOIN addresses b ON a.address IS NULL AND b.address = asked.untagged AND b.inbox_id IS NOT NULL
        AND (v.domain IS NULL OR b.organization_id = v.organization_id
            OR split_part(asked.untagged, '@', 2) <> asked.domain)
    LEFT JOIN domains c ON a.address IS NULL AND b.address IS NULL AND c.organization_id = v.organization_id
        AND c.id = v.domain_id AND c.catch_all_inbox_id IS NOT NULL
        AND (v.domain = asked.domain OR c.subdomains_enabled)
    ORDER BY asked.n;
END $$;

GRANT EXECUTE ON FUNCTION router.claim_domain, router.release_domain, router.free_address TO agentpost_api;
GRANT EXECUTE ON FUNCTION router.claim_domains, router.route_recipients TO agentpost_worker;

SET ROLE agentpost_owner;
