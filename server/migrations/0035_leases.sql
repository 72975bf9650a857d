-- Leases: a received message is given to one worker at a time, until somebody has handled it.

-- Acked, dead-lettered, or never anybody's work (spam, blocked). Null and received: it may be claimed.
ALTER TABLE messages ADD COLUMN handled_at timestamptz;
-- By the id's octets, which sort as the id does: an order that no other index has, so that a claim walks this one
-- whatever the planner believes of how many are handled.
CREATE INDEX messages_unhandled ON messages (organization_id, inbox_id, uuid_send(id))
    WHERE direction = 'inbound' AND status = 'received' AND handled_at IS NULL;

-- A row for each claim. `current` is the newest of a message that is not handled: it counts the attempts, and says from
-- when on the message may be claimed again. The others only answer those who come too late.
CREATE TABLE leases (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    message_id uuid NOT NULL,
    attempt integer NOT NULL,
    status text NOT NULL DEFAULT 'leased' CHECK (status IN ('leased', 'acked', 'released', 'expired')),
    current boolean NOT NULL DEFAULT true,
    leased_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, message_id) REFERENCES messages ON DELETE CASCADE
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
-- No message is leased twice at a time, whatever the code above does.
CREATE UNIQUE INDEX leases_current ON leases (organization_id, message_id) WHERE current;
CREATE INDEX leases_of_message ON leases (organization_id, message_id);
CREATE INDEX leases_spent ON leases (leased_until) WHERE current AND attempt >= 5;
CREATE INDEX leases_ended ON leases (ended_at) WHERE NOT current;
CALL protect('leases');

SET ROLE agentpost_router;

UPDATE messages SET handled_at = created_at WHERE labels && '{spam,blocked}';

-- Messages whose last attempt ran out.
CREATE FUNCTION router.spent_leases(batch integer)
RETURNS TABLE (organization_id uuid, environment_id uuid, message_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT l.organization_id, l.environment_id, l.message_id FROM leases l
    WHERE l.current AND l.attempt >= 5 AND l.leased_until <= now() ORDER BY l.leased_until LIMIT batch
$$;

CREATE FUNCTION router.prune_leases(batch integer, keep_seconds bigint) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH gone AS (
        DELETE FROM leases WHERE ctid = ANY (ARRAY(SELECT ctid FROM leases
            WHERE NOT current AND ended_at < now() - make_interval(secs => keep_seconds) LIMIT batch)) RETURNING 1
    ) SELECT count(*)::integer FROM gone
$$;

GRANT EXECUTE ON FUNCTION router.spent_leases, router.prune_leases TO agentpost_worker;

SET ROLE agentpost_owner;
