-- Inboxes, the domains they stand on, and the one global directory that says who owns an address.

CREATE TABLE domains (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    domain text NOT NULL COLLATE "C",
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'verifying', 'verified', 'failed')),
    client_id text,
    catch_all_inbox_id uuid,
    subdomains_enabled boolean NOT NULL DEFAULT false,
    transport text,
    created_at timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, environment_id, domain),
    UNIQUE (organization_id, environment_id, client_id),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments
);
CALL protect('domains');

CREATE TABLE inboxes (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    email text NOT NULL COLLATE "C",
    username text NOT NULL COLLATE "C",
    domain text NOT NULL COLLATE "C",
    display_name text,
    client_id text,
    request_hash bytea,
    metadata jsonb NOT NULL DEFAULT '{}',
    send_paused boolean NOT NULL DEFAULT false,
    pause_reason text,
    paused_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments
);
CREATE INDEX inboxes_by_environment ON inboxes (organization_id, environment_id, id) WHERE deleted_at IS NULL;
CREATE INDEX inboxes_deleted ON inboxes (organization_id, id) WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX inboxes_email ON inboxes (organization_id, environment_id, email) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX inboxes_client_id ON inboxes (organization_id, environment_id, client_id) WHERE deleted_at IS NULL;
CALL protect('inboxes');

ALTER TABLE domains ADD FOREIGN KEY (organization_id, catch_all_inbox_id) REFERENCES inboxes;

-- The words of an inbox's address and name: prefix search is a range of a plain btree, which row-level security keeps.
CREATE TABLE inbox_words (
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    word text NOT NULL COLLATE "C",
    inbox_id uuid NOT NULL,
    PRIMARY KEY (organization_id, environment_id, word, inbox_id),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes ON DELETE CASCADE
);
CREATE INDEX inbox_words_of ON inbox_words (organization_id, inbox_id);
CALL protect('inbox_words');

-- Global: one owner for an address on this server. A deleted address stays as a tombstone (inbox_id null), so that
-- nobody inherits another's mail. Only the router's functions read or write it.
CREATE TABLE addresses (
    address text PRIMARY KEY COLLATE "C",
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid,
    released_at timestamptz
);
CREATE TABLE verified_domains (
    domain text PRIMARY KEY COLLATE "C",
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    domain_id uuid NOT NULL
);
ALTER TABLE addresses ENABLE ROW LEVEL SECURITY;
ALTER TABLE addresses FORCE ROW LEVEL SECURITY;
ALTER TABLE verified_domains ENABLE ROW LEVEL SECURITY;
ALTER TABLE verified_domains FORCE ROW LEVEL SECURITY;
CREATE POLICY router ON addresses TO agentpost_router USING (true) WITH CHECK (true);
CREATE POLICY router ON verified_domains TO agentpost_router USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON addresses, verified_domains TO agentpost_router;

SET ROLE agentpost_router;

-- True when the address is now the caller's. The caller's own setting says whose: an argument could lie.
CREATE FUNCTION router.claim_address(address text, environment_id uuid, inbox_id uuid) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH claimed AS (
        INSERT INTO addresses AS a (address, organization_id, environment_id, inbox_id)
        VALUES (claim_address.address, current_organization(), claim_address.environment_id, claim_address.inbox_id)
        ON CONFLICT (address) DO NOTHING
        RETURNING 1
    ) SELECT EXISTS (SELECT FROM claimed)
$$;

CREATE FUNCTION router.release_address(address text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    UPDATE addresses AS a SET inbox_id = NULL, released_at = now()
    WHERE a.address = release_address.address AND a.organization_id = current_organization()
$$;

-- Where mail goes: the exact address, else the address without its tag, else the domain's catch-all. One row for
-- each address asked, in order; organization_id is null where nobody answers to it.
CREATE FUNCTION router.route_recipients(exact text[], untagged text[], domains text[])
RETURNS TABLE (organization_id uuid, environment_id uuid, inbox_id uuid, verified boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT COALESCE(a.organization_id, b.organization_id, c.organization_id),
           COALESCE(a.environment_id, b.environment_id, c.environment_id),
           COALESCE(a.inbox_id, b.inbox_id, c.catch_all_inbox_id),
           v.domain IS NOT NULL
    FROM unnest(exact, untagged, domains) WITH ORDINALITY AS asked(exact, untagged, domain, n)
    LEFT JOIN addresses a ON a.address = asked.exact AND a.inbox_id IS NOT NULL
    LEFT JOIN addresses b ON a.address IS NULL AND b.address = asked.untagged AND b.inbox_id IS NOT NULL
    LEFT JOIN verified_domains v ON v.domain = asked.domain
    LEFT JOIN domains c ON a.address IS NULL AND b.address IS NULL AND c.organization_id = v.organization_id
        AND c.id = v.domain_id AND c.catch_all_inbox_id IS NOT NULL
    ORDER BY asked.n
$$;

SET ROLE agentpost_owner;
