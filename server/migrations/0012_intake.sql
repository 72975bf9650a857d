-- Mail that a provider brought: what was done with each recipient of it, so that nothing is taken twice or forgotten,
-- and what could not be routed yet. Global, because who it is for is what is not known; the router's alone.

-- `location` says where the bytes are: `s3:<key>` in the provider's bucket, `blob:<key>` in our own store, or nowhere any
-- more; `authentication` is the provider's verdict on its origin. `due_at` is the next try of what is unrouted.
CREATE TABLE provider_mails (
    source text NOT NULL,
    provider_id text NOT NULL,
    recipient text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('accepted', 'unrouted', 'dropped')),
    reason text,
    mail_from text NOT NULL,
    authentication text,
    location text,
    received_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz,
    PRIMARY KEY (source, provider_id, recipient)
);
CREATE INDEX provider_mails_due ON provider_mails (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX provider_mails_age ON provider_mails USING brin (seen_at);

-- One-time tokens of signed calls, and the body that each came with: the signature does not cover it.
CREATE TABLE provider_tokens (
    source text NOT NULL,
    token_hash bytea NOT NULL,
    body_hash bytea NOT NULL,
    used boolean NOT NULL DEFAULT false,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, token_hash)
);
CREATE INDEX provider_tokens_age ON provider_tokens USING brin (seen_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON provider_mails, provider_tokens TO agentpost_router;

SET ROLE agentpost_router;

-- Recipients of one mail that something was done about already.
CREATE FUNCTION router.known_recipients(mail_source text, mail_id text) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT m.recipient FROM provider_mails m WHERE m.source = mail_source AND m.provider_id = mail_id
$$;

-- Which of these mails have come already.
CREATE FUNCTION router.known_provider_mails(mail_source text, mail_ids text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT n.mail_id FROM unnest(mail_ids) AS n(mail_id) WHERE EXISTS (
        SELECT FROM provider_mails m WHERE m.source = mail_source AND m.provider_id = n.mail_id)
$$;

-- Writes down what was done, a recipient a row. What stands already stays.
CREATE FUNCTION router.keep_provider_mail(
    mail_source text, mail_id text, recipients text[], outcomes text[], reasons text[], mail_from text,
    authentication text, location text, received_at timestamptz
) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    INSERT INTO provider_mails (source, provider_id, recipient, outcome, reason, mail_from, authentication, location,
        received_at, due_at)
    SELECT mail_source, mail_id, r.recipient, r.outcome, r.reason, keep_provider_mail.mail_from,
        CASE WHEN r.outcome = 'unrouted' THEN keep_provider_mail.authentication END,
        CASE WHEN r.outcome = 'unrouted' THEN keep_provider_mail.location END, keep_provider_mail.received_at,
        CASE WHEN r.outcome = 'unrouted' THEN now() + interval '1 minute' END
    FROM unnest(recipients, outcomes, reasons) AS r(recipient, outcome, reason)
    ON CONFLICT DO NOTHING
$$;

-- Unrouted mail whose next try is due. The older it is, the longer until the try after that.
CREATE FUNCTION router.claim_unrouted(batch integer) RETURNS TABLE (
    source text, provider_id text, recipient text, mail_from text, authentication text, location text,
    received_at timestamptz, waited_seconds double precision
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    UPDATE provider_mails m SET due_at = now() + GREATEST(interval '1 minute', (now() - m.seen_at) / 4)
    FROM (SELECT d.source, d.provider_id, d.recipient FROM provider_mails d WHERE d.due_at <= now()
          ORDER BY d.due_at LIMIT batch FOR UPDATE SKIP LOCKED) due
    WHERE m.source = due.source AND m.provider_id = due.provider_id AND m.recipient = due.recipient
    RETURNING m.source, m.provider_id, m.recipient, m.mail_from, m.authentication, m.location, m.received_at,
        extract(epoch FROM now() - m.seen_at)::double precision
$$;

-- Ends the wait of one recipient. True when no other recipient waits for the same bytes.
CREATE FUNCTION router.settle_unrouted(mail_source text, mail_id text, mail_recipient text, settled text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
BEGIN
    UPDATE provider_mails m SET outcome = settled, due_at = NULL, location = NULL
    WHERE m.source = mail_source AND m.provider_id = mail_id AND m.recipient = mail_recipient
        AND m.outcome = 'unrouted';
    RETURN NOT EXISTS (SELECT FROM provider_mails m WHERE m.source = mail_source AND m.provider_id = mail_id
        AND m.outcome = 'unrouted');
END $$;

-- How much waits for an inbox, for /metrics; never more than 10,000 rows looked at.
CREATE FUNCTION router.count_unrouted() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT count(*) FROM (SELECT FROM provider_mails WHERE due_at IS NOT NULL LIMIT 10000) w
$$;

-- Takes a one-time token for a body. False when it was used, or came with another body before: then the call is a replay.
-- The same body again, while the first try of it was not finished, is the provider's retry.
CREATE FUNCTION router.take_provider_token(token_source text, token bytea, body bytea) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    INSERT INTO provider_tokens AS t (source, token_hash, body_hash) VALUES (token_source, token, body)
    ON CONFLICT (source, token_hash) DO UPDATE SET body_hash = t.body_hash
    RETURNING NOT t.used AND t.body_hash = body
$$;

CREATE FUNCTION router.use_provider_token(token_source text, token bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    UPDATE provider_tokens t SET used = true WHERE t.source = token_source AND t.token_hash = token
$$;

-- Old rows, by batches. Answers how many went.
CREATE FUNCTION router.prune_intake(batch integer, mail_seconds bigint, token_seconds bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
DECLARE
    mails integer;
    tokens integer;
BEGIN
    DELETE FROM provider_mails WHERE ctid = ANY (ARRAY(SELECT ctid FROM provider_mails
        WHERE seen_at < now() - make_interval(secs => mail_seconds) AND due_at IS NULL LIMIT batch));
    GET DIAGNOSTICS mails = ROW_COUNT;
    DELETE FROM provider_tokens WHERE ctid = ANY (ARRAY(SELECT ctid FROM provider_tokens
        WHERE seen_at < now() - make_interval(secs => token_seconds) LIMIT batch));
    GET DIAGNOSTICS tokens = ROW_COUNT;
    RETURN mails + tokens;
END $$;

GRANT EXECUTE ON FUNCTION router.known_recipients, router.known_provider_mails, router.keep_provider_mail,
    router.claim_unrouted, router.settle_unrouted, router.count_unrouted, router.take_provider_token,
    router.use_provider_token, router.prune_intake TO agentpost_worker;
SET ROLE agentpost_owner;
