-- Mail on its way out. A transmission is one provider call to be; an attempt is a call that was begun.

CREATE TABLE recipients (
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    email text NOT NULL COLLATE "C",
    position integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('to', 'cc', 'bcc')),
    status text NOT NULL,
    detail text,
    suppression_reason text,
    transmission_id uuid,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, message_id, email),
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE CASCADE
);
CALL protect('recipients');

CREATE TABLE transmissions (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    message_id uuid NOT NULL,
    transport text NOT NULL,
    domain text NOT NULL,
    mail_from text NOT NULL,
    recipients text[] NOT NULL,
    first_due_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE CASCADE
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX transmissions_due ON transmissions (organization_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX transmissions_of ON transmissions (organization_id, message_id);
CALL protect('transmissions');

CREATE TABLE attempts (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    transmission_id uuid NOT NULL,
    number integer NOT NULL,
    transport text NOT NULL,
    provider_id text,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    outcome text,
    detail text,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, transmission_id, number),
    FOREIGN KEY (organization_id, transmission_id) REFERENCES transmissions ON DELETE CASCADE
);
CREATE INDEX attempts_provider ON attempts (organization_id, provider_id) WHERE provider_id IS NOT NULL;
CALL protect('attempts');

CREATE TABLE message_events (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    type text NOT NULL,
    recipient text,
    at timestamptz NOT NULL DEFAULT now(),
    transport text,
    attempt integer,
    bounce_type text,
    smtp_code integer,
    enhanced_code text,
    detail text,
    PRIMARY KEY (organization_id, message_id, id),
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE CASCADE
);
CALL protect('message_events');

CREATE TABLE suppressions (
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    email text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'provider', 'manual')),
    message_id uuid,
    detail text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, environment_id, email),
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments
);
CREATE INDEX suppressions_by_environment ON suppressions (organization_id, environment_id, id);
CALL protect('suppressions');

-- What the local network kept instead of sending: readable at GET /sandbox/outbox.
CREATE TABLE sandbox_outbox (
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    recipients text[] NOT NULL,
    captured_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE CASCADE
);
CREATE INDEX sandbox_outbox_by_environment ON sandbox_outbox (organization_id, environment_id, id);
CREATE INDEX sandbox_outbox_of ON sandbox_outbox (organization_id, message_id);
CALL protect('sandbox_outbox');

SET ROLE agentpost_router;

-- Whose a bounce is: asked with the transmission that a VERP address names, once its MAC was checked.
CREATE FUNCTION router.route_bounce(transmission_id uuid)
RETURNS TABLE (organization_id uuid, environment_id uuid, inbox_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT t.organization_id, t.environment_id, t.inbox_id FROM transmissions t WHERE t.id = route_bounce.transmission_id
$$;

SET ROLE agentpost_owner;

-- A VERP address carries no organization: it would not fit beside the MAC.
CREATE INDEX transmissions_id ON transmissions (id);
