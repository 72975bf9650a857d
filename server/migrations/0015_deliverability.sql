-- Deliverability: what became of mail by the hour, domains that warm up, and what receivers report of a domain.

-- Work: what a transaction moved, a row for each inbox in it, until a chore adds it to the hours. Counters that many
-- sends share would make them wait for each other. No key and no foreign keys: rows live for seconds.
CREATE TABLE delivery_marks (
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    sent integer NOT NULL,
    delivered integer NOT NULL,
    bounced integer NOT NULL,
    hard_bounced integer NOT NULL,
    complained integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX delivery_marks_of ON delivery_marks (organization_id);
CALL protect('delivery_marks');

-- Bounces and complaints told before this moment pause the inbox no more: it was resumed after such a pause.
ALTER TABLE inboxes ADD COLUMN judged_from timestamptz;

-- `starts_at` is the beginning of an hour (UTC), or the moment within it from which the inbox is judged anew.
CREATE TABLE inbox_delivery_hours (
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    sent integer NOT NULL,
    delivered integer NOT NULL,
    bounced integer NOT NULL,
    hard_bounced integer NOT NULL,
    complained integer NOT NULL,
    PRIMARY KEY (organization_id, inbox_id, starts_at),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes ON DELETE CASCADE
) WITH (fillfactor = 80);
CALL protect('inbox_delivery_hours');

-- The same by domain, which an environment's and an organization's numbers are added up from.
CREATE TABLE domain_delivery_hours (
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    domain text NOT NULL COLLATE "C",
    sent integer NOT NULL,
    delivered integer NOT NULL,
    bounced integer NOT NULL,
    hard_bounced integer NOT NULL,
    complained integer NOT NULL,
    PRIMARY KEY (organization_id, environment_id, starts_at, domain)
) WITH (fillfactor = 80);
CALL protect('domain_delivery_hours');

-- When an inbox was last warned of a rate: a rate that stays high is told once a day.
CREATE TABLE rate_warnings (
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    counter text NOT NULL,
    warned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, inbox_id, counter),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes ON DELETE CASCADE
);
CALL protect('rate_warnings');

-- How many recipients a warming domain has written to on `day` (UTC), and when it began.
CREATE TABLE warmups (
    organization_id uuid NOT NULL,
    domain text NOT NULL COLLATE "C",
    started_on date NOT NULL,
    day date NOT NULL,
    used integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, domain)
) WITH (fillfactor = 80);
CALL protect('warmups');

-- DMARC aggregate reports (RFC 7489 7.2). The sums are over the report's rows.
CREATE TABLE domain_reports (
    organization_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    id uuid NOT NULL,
    org_name text NOT NULL,
    report_id text NOT NULL,
    email text,
    authenticated_domain text,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    policy text,
    messages bigint NOT NULL,
    passed bigint NOT NULL,
    dkim_passed bigint NOT NULL,
    spf_passed bigint NOT NULL,
    quarantined bigint NOT NULL,
    rejected bigint NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, domain_id, id),
    UNIQUE (organization_id, domain_id, org_name, report_id),
    FOREIGN KEY (organization_id, domain_id) REFERENCES domains ON DELETE CASCADE
);
CREATE INDEX domain_reports_begin ON domain_reports (organization_id, domain_id, begins_at);
CALL protect('domain_reports');

CREATE TABLE domain_report_rows (
    organization_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    report uuid NOT NULL,
    position integer NOT NULL,
    source_ip text NOT NULL,
    count integer NOT NULL,
    disposition text NOT NULL,
    dkim text NOT NULL,
    spf text NOT NULL,
    header_from text NOT NULL,
    PRIMARY KEY (organization_id, domain_id, report, position),
    FOREIGN KEY (organization_id, domain_id, report) REFERENCES domain_reports ON DELETE CASCADE
);
CALL protect('domain_report_rows');

-- Pruning goes by age over all tenants.
CREATE INDEX inbox_delivery_hours_age ON inbox_delivery_hours USING brin (starts_at);
CREATE INDEX domain_delivery_hours_age ON domain_delivery_hours USING brin (starts_at);
CREATE INDEX domain_reports_age ON domain_reports USING brin (received_at);

SET ROLE agentpost_router;

-- Organizations behind `start` that have marks to be added up.
CREATE FUNCTION router.marked_organizations(start uuid, batch integer) RETURNS TABLE (organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH RECURSIVE marked AS (
        (SELECT m.organization_id FROM delivery_marks m WHERE m.organization_id > start
         ORDER BY m.organization_id LIMIT 1)
        UNION ALL
        SELECT n.organization_id FROM marked w CROSS JOIN LATERAL (
            SELECT m.organization_id FROM delivery_marks m WHERE m.organization_id > w.organization_id
            ORDER BY m.organization_id LIMIT 1
        ) n
    ) SELECT marked.organization_id FROM marked LIMIT batch
$$;

-- Whose a domain is that a DMARC report speaks of: whoever has proven it.
CREATE FUNCTION router.route_report(domain text)
RETURNS TABLE (organization_id uuid, environment_id uuid, domain_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT v.organization_id, v.environment_id, v.domain_id FROM verified_domains v WHERE v.domain = route_report.domain
$$;

-- Numbers and reports past their keeping time, of any tenant. Answers how many rows of the fullest table went.
CREATE FUNCTION router.prune_deliverability(batch integer, keep_days integer) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH inboxes_gone AS (
        DELETE FROM inbox_delivery_hours WHERE ctid = ANY (ARRAY(SELECT ctid FROM inbox_delivery_hours
            WHERE starts_at < now() - make_interval(days => keep_days) LIMIT batch)) RETURNING 1
    ), domains_gone AS (
        DELETE FROM domain_delivery_hours WHERE ctid = ANY (ARRAY(SELECT ctid FROM domain_delivery_hours
            WHERE starts_at < now() - make_interval(days => keep_days) LIMIT batch)) RETURNING 1
    ), reports_gone AS (
        DELETE FROM domain_reports WHERE ctid = ANY (ARRAY(SELECT ctid FROM domain_reports
            WHERE received_at < now() - make_interval(days => keep_days) LIMIT batch)) RETURNING 1
    )
    SELECT GREATEST((SELECT count(*) FROM inboxes_gone), (SELECT count(*) FROM domains_gone),
        (SELECT count(*) FROM reports_gone))::integer
$$;

GRANT EXECUTE ON FUNCTION router.marked_organizations, router.route_report, router.prune_deliverability
    TO agentpost_worker;

SET ROLE agentpost_owner;
