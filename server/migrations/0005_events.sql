-- The log and its listeners. A change writes its event into the outbox; one publisher at a time moves it into `events`
-- and gives it its position, so that a reader of "position > mine" never skips a writer who committed late.

CREATE TABLE event_outbox (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    data json NOT NULL,
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (organization_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX event_outbox_order ON event_outbox (ordinal);
-- Compressing an event's text costs more than all else that writing and publishing it does.
ALTER TABLE event_outbox ALTER data SET STORAGE EXTERNAL;
CALL protect('event_outbox');

CREATE TABLE events (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid,
    type text NOT NULL COLLATE "C",
    occurred_at timestamptz NOT NULL,
    data json NOT NULL,
    position bigint NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id)
);
ALTER TABLE events ALTER data SET STORAGE EXTERNAL;
CREATE INDEX events_by_environment ON events (organization_id, environment_id, position);
CREATE INDEX events_by_inbox ON events (organization_id, inbox_id, position);
CREATE INDEX events_by_type ON events (organization_id, environment_id, type, position);
-- What was published last, whoever's it is: for the listeners of a publication. Always at the index's right end.
CREATE INDEX events_by_position ON events (position);
CALL protect('events');

-- The head of the log: its row lock is the fence between publishers.
CREATE TABLE log_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    position bigint NOT NULL
);
INSERT INTO log_head (position) VALUES (0);
ALTER TABLE log_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE log_head FORCE ROW LEVEL SECURITY;
CREATE POLICY router ON log_head TO agentpost_router USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON log_head TO agentpost_router;

CREATE TABLE webhooks (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    url text NOT NULL,
    description text,
    event_types text[] NOT NULL DEFAULT '{}',
    inbox_ids uuid[] NOT NULL DEFAULT '{}',
    headers bytea, -- sealed, as the secrets are; the names alone are ever read back
    secrets bytea NOT NULL,
    header_names text[] NOT NULL DEFAULT '{}',
    enabled boolean NOT NULL DEFAULT true,
    disabled_reason text,
    client_id text,
    consecutive_failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    probe_at timestamptz, -- set while the circuit is open: when one delivery may try again
    warned_at timestamptz,
    last_success_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, environment_id, client_id),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments
);
CREATE INDEX webhooks_by_environment ON webhooks (organization_id, environment_id, id);
CALL protect('webhooks');

-- No foreign key: an endpoint goes at once, however long its log is. Deliveries without one are seen by nobody, and go
-- when they fall due or when their keeping time ends. `attempts` fences claims; `tries` counts calls; `retries` is the
-- place in the retry schedule, which begins again when a delivery is asked for again. `body` is kept only for test
-- events, which are not in the log.
CREATE TABLE webhook_deliveries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    body text,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'failed', 'cancelled')),
    due_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    retries integer NOT NULL DEFAULT 0,
    response_status integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, webhook_id, event_id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (organization_id, webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (organization_id, webhook_id, id);
CREATE INDEX webhook_deliveries_status ON webhook_deliveries (organization_id, webhook_id, status, id);
CALL protect('webhook_deliveries');

CREATE TABLE webhook_attempts (
    organization_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    duration_ms integer NOT NULL,
    url text NOT NULL,
    status integer,
    error text,
    request_headers jsonb NOT NULL DEFAULT '[]',
    headers jsonb NOT NULL DEFAULT '[]',
    body text NOT NULL DEFAULT '',
    PRIMARY KEY (organization_id, delivery_id, number),
    FOREIGN KEY (organization_id, delivery_id) REFERENCES webhook_deliveries ON DELETE CASCADE
);
CALL protect('webhook_attempts');

-- One-time tickets for browsers that cannot set a header on a WebSocket.
CREATE TABLE stream_tickets (
    organization_id uuid NOT NULL,
    ticket_hash bytea NOT NULL,
    secret_hash bytea NOT NULL, -- of the key that took it: the socket lives no longer than that key
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, ticket_hash)
);
CALL protect('stream_tickets');

SET ROLE agentpost_router;

-- First statement of a publication: everyone else who wants to publish waits here.
CREATE FUNCTION router.lock_log() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT position FROM log_head FOR UPDATE
$$;

-- Moves up to `batch` events from the outbox into the log, in the order they were written. Call after lock_log, in a
-- statement of its own, so that its snapshot is younger than the lock. Answers how many moved and the new head.
-- A plan made while the outbox was empty would scan a swollen one from end to end: hence enable_seqscan.
CREATE FUNCTION router.move_outbox(batch integer) RETURNS TABLE (moved integer, head bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp SET enable_seqscan = off AS $$
    WITH taken AS (
        DELETE FROM event_outbox WHERE ordinal = ANY (ARRAY(SELECT ordinal FROM event_outbox ORDER BY ordinal LIMIT batch))
        RETURNING *
    ), placed AS (
        INSERT INTO events (organization_id, id, environment_id, inbox_id, type, occurred_at, data, position)
        SELECT organization_id, id, environment_id, inbox_id, type, occurred_at, data,
            (SELECT position FROM log_head) + row_number() OVER (ORDER BY ordinal)
        FROM taken RETURNING 1
    ), counted AS (SELECT count(*)::integer AS n FROM placed),
    advanced AS (UPDATE log_head SET position = position + n FROM counted WHERE n > 0 RETURNING position)
    SELECT n, COALESCE((SELECT position FROM advanced), (SELECT position FROM log_head)) FROM counted
$$;

-- Seconds that the first event of the outbox has waited, or NULL when nothing waits. Takes no lock and writes nothing.
CREATE FUNCTION router.outbox_lag() RETURNS double precision
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp SET enable_seqscan = off AS $$
    SELECT GREATEST(EXTRACT(epoch FROM clock_timestamp() - occurred_at), 0) FROM event_outbox ORDER BY ordinal LIMIT 1
$$;

CREATE FUNCTION router.log_position() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$ SELECT position FROM log_head $$;

-- A UUIDv7 made in the database (PostgreSQL has its own only from 18 on).
CREATE FUNCTION router.time_id() RETURNS uuid LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(set_byte(set_byte(
        overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6), 6, get_byte(uuid_send(gen_random_uuid()), 6) & 15 | 112), 8,
        get_byte(uuid_send(gen_random_uuid()), 8) & 63 | 128), 'hex')::uuid
$$;

-- Opens a delivery for each event in (after, until] and each endpoint that asked for it. Answers how many.
CREATE FUNCTION router.open_deliveries(after bigint, until bigint) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp SET enable_seqscan = off AS $$
    WITH opened AS (
        INSERT INTO webhook_deliveries (organization_id, id, environment_id, webhook_id, event_id, event_type, due_at)
        SELECT e.organization_id, router.time_id(), e.environment_id, w.id, e.id, e.type, now()
        FROM events e
        JOIN webhooks w ON w.organization_id = e.organization_id AND w.environment_id = e.environment_id
        WHERE e.position > after AND e.position <= until AND w.enabled
            AND (w.event_types = '{}' OR e.type = ANY (w.event_types))
            AND (w.inbox_ids = '{}' OR e.inbox_id = ANY (w.inbox_ids))
        ON CONFLICT (organization_id, webhook_id, event_id) DO NOTHING
        RETURNING 1
    ) SELECT count(*)::integer FROM opened
$$;

SET ROLE agentpost_owner;
