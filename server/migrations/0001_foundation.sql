-- The rule of the house, before the first table: every tenant table carries organization_id, and row-level security
-- holds even where a query forgets it. Runs as agentpost_owner, which owns everything and serves nothing.

-- The api role sees one organization; the worker role the list that it claimed. Unset and '' both see nothing.
CREATE FUNCTION current_organization() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('agentpost.organization_id', true), '')::uuid;

CREATE FUNCTION claimed_organizations() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(NULLIF(current_setting('agentpost.organization_ids', true), ''), '{}')::uuid[];

GRANT EXECUTE ON FUNCTION current_organization, claimed_organizations TO agentpost_api, agentpost_worker, agentpost_router;

-- Puts a table under the rule. The router's policy is open because its functions are the closed list that is tested.
CREATE PROCEDURE protect(tenant_table regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY api ON %s TO agentpost_api USING (organization_id = current_organization())
        WITH CHECK (organization_id = current_organization())', tenant_table);
    -- A sub-select is evaluated once a statement; the bare function would read the whole list again for every row.
    EXECUTE format('CREATE POLICY worker ON %s TO agentpost_worker
        USING (organization_id = ANY ((SELECT claimed_organizations())::uuid[]))
        WITH CHECK (organization_id = ANY ((SELECT claimed_organizations())::uuid[]))', tenant_table);
    EXECUTE format('CREATE POLICY router ON %s TO agentpost_router USING (true) WITH CHECK (true)', tenant_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO agentpost_api, agentpost_worker, agentpost_router', tenant_table);
END $$;

CREATE TABLE organizations (
    organization_id uuid PRIMARY KEY,
    name text NOT NULL,
    send_paused boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CALL protect('organizations');

CREATE TABLE environments (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('live', 'dev', 'test')),
    is_default boolean NOT NULL DEFAULT false,
    transport text NOT NULL DEFAULT 'local',
    allowed_recipients text[] NOT NULL DEFAULT '{}',
    send_paused boolean NOT NULL DEFAULT false,
    retention_days integer,
    clock_offset_seconds bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, slug)
);
CREATE UNIQUE INDEX environments_default ON environments (organization_id) WHERE is_default;
CALL protect('environments');

CREATE TABLE api_keys (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('live', 'dev', 'test')),
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    environment_ids uuid[] NOT NULL DEFAULT '{}',
    inbox_ids uuid[] NOT NULL DEFAULT '{}',
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_by jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, secret_hash)
);
CALL protect('api_keys');

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL REFERENCES organizations,
    key_hash bytea NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, key_hash)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (organization_id, created_at);
CALL protect('idempotency_keys');

CREATE TABLE audit_log (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor jsonb NOT NULL,
    ip text,
    action text NOT NULL,
    target text NOT NULL,
    before jsonb,
    after jsonb,
    PRIMARY KEY (organization_id, id)
);
CALL protect('audit_log');
REVOKE UPDATE, DELETE ON audit_log FROM agentpost_api, agentpost_worker;

CREATE TABLE request_log (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    status smallint NOT NULL,
    duration_ms integer NOT NULL,
    key_id uuid,
    environment_id uuid,
    ip text,
    user_agent text,
    PRIMARY KEY (organization_id, id)
);
CALL protect('request_log');

-- Counted in memory and added here about once a second: exact limits have windows of their own.
CREATE TABLE usage_counters (
    organization_id uuid NOT NULL,
    day date NOT NULL,
    counter text NOT NULL,
    value bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, day, counter)
);
CALL protect('usage_counters');
