-- Search, and what goes after its keeping time. Everything here answers ids, never what they name.

-- Work: objects of the blob store whose rows are gone. Written in the transaction that deleted them, so that a crash
-- before the store was told leaves nothing behind.
CREATE TABLE doomed_blobs (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    stored_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CALL protect('doomed_blobs');

SET ROLE agentpost_router;

-- Messages of the caller's own organization whose words match, in order of their ids, both bounds exclusive. `words` is
-- text for to_tsquery. A common word fills its page from the newest messages; else the index is asked, whose matches,
-- when they are few, are sorted, and when they are many, are found by walking the whole list.
-- A function because row-level security would keep the planner from the GIN index.
CREATE FUNCTION router.search_ids(
    words text, environment_id uuid, inbox_ids uuid[], thread_id uuid, facets text[], without text[],
    lower_id uuid, upper_id uuid, ascending boolean, page integer
) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp SET enable_seqscan = off AS $$
DECLARE
    organization uuid := current_organization();
    wanted tsquery := to_tsquery('pg_catalog.simple', words);
    found uuid[];
    gone uuid[];
    direction text := CASE WHEN ascending THEN 'ASC' ELSE 'DESC' END;
    place text := CASE cardinality(inbox_ids) WHEN 0 THEN 'm.environment_id = $3' WHEN 1 THEN 'm.inbox_id = $4[1]'
        ELSE 'm.inbox_id = ANY ($4)' END;
    keep text := 'm.environment_id = $3 AND (cardinality($4) = 0 OR m.inbox_id = ANY ($4)) AND m.inbox_id <> ALL ($5)
        AND ($6 IS NULL OR m.thread_id = $6)
        AND (SELECT count(*) FROM message_facets g WHERE g.organization_id = $1 AND g.message_id = m.id
            AND g.facet = ANY ($7)) = cardinality($7)
        AND NOT EXISTS (SELECT FROM message_facets g WHERE g.organization_id = $1 AND g.message_id = m.id
            AND g.facet = ANY ($8) OFFSET 0)';
    walk text := format('SELECT ARRAY(SELECT m.id FROM (
            SELECT m.id, m.environment_id, m.inbox_id, m.thread_id FROM messages m
            WHERE m.organization_id = $1 AND m.id > $10 AND m.id < $11 AND %s ORDER BY m.id %s LIMIT $12) m
        CROSS JOIN LATERAL (SELECT FROM message_contents c WHERE c.organization_id = $1 AND c.message_id = m.id
            AND c.search @@ $2 OFFSET 0) matching
        WHERE %s ORDER BY m.id %s LIMIT $9)', place, direction, keep, direction);
BEGIN
    IF organization IS NULL OR numnode(wanted) = 0 THEN
        RETURN;
    END IF;
    wanted := wanted && ('o' || replace(organization::text, '-', ''))::tsquery
        && ('e' || replace(environment_id::text, '-', ''))::tsquery;
    IF cardinality(inbox_ids) > 0 THEN
        wanted := wanted && (SELECT string_agg('i' || replace(i::text, '-', ''), ' | ') FROM unnest(inbox_ids) AS i)::tsquery;
    END IF;
    gone := ARRAY(SELECT i.id FROM inboxes i WHERE i.organization_id = organization AND i.deleted_at IS NOT NULL);
    IF cardinality(inbox_ids) < 2 THEN
        EXECUTE walk INTO found USING organization, wanted, environment_id, inbox_ids, gone, thread_id, facets, without,
            page, lower_id, upper_id, 500;
        IF cardinality(found) = page THEN
            RETURN QUERY SELECT unnest(found);
            RETURN;
        END IF;
    END IF;
    EXECUTE 'SELECT ARRAY(SELECT c.message_id FROM message_contents c WHERE c.search @@ $2 AND c.organization_id = $1
        AND c.message_id > $3 AND c.message_id < $4 LIMIT 10001)' INTO found USING organization, wanted, lower_id, upper_id;
    IF cardinality(found) <= 10000 THEN
        RETURN QUERY EXECUTE format('SELECT f.id FROM (SELECT u.id FROM unnest($2) AS u(id) ORDER BY u.id %s) f
            CROSS JOIN LATERAL (SELECT FROM messages m WHERE m.organization_id = $1 AND m.id = f.id AND %s OFFSET 0) kept
            LIMIT $9', direction, keep)
            USING organization, found, environment_id, inbox_ids, gone, thread_id, facets, without, page;
    ELSE
        EXECUTE walk INTO found USING organization, wanted, environment_id, inbox_ids, gone, thread_id, facets, without,
            page, lower_id, upper_id, NULL::integer;
        RETURN QUERY SELECT unnest(found);
    END IF;
END $$;

-- Objects to delete from the blob store, of any tenant.
CREATE FUNCTION router.doomed_blobs(batch integer)
RETURNS TABLE (organization_id uuid, id uuid, stored_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT d.organization_id, d.id, d.stored_at FROM doomed_blobs d LIMIT batch
$$;

-- Inboxes that were deleted long enough ago for every mail on its way in to have found that out.
CREATE FUNCTION router.deleted_inboxes(batch integer, settled_seconds integer)
RETURNS TABLE (organization_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT i.organization_id, i.id FROM inboxes i
    WHERE i.deleted_at IS NOT NULL AND i.deleted_at <= now() - make_interval(secs => settled_seconds) LIMIT batch
$$;

-- Messages past their environment's retention, the oldest first, a few of each environment. Mail on its way out stays.
CREATE FUNCTION router.expired_messages(batch integer, per_environment integer)
RETURNS TABLE (organization_id uuid, environment_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    SELECT e.organization_id, e.id, old.id FROM environments e CROSS JOIN LATERAL (
        SELECT m.id FROM messages m WHERE m.organization_id = e.organization_id AND m.environment_id = e.id
            AND m.id < rpad(lpad(to_hex((extract(epoch FROM now() - make_interval(days => e.retention_days)) * 1000)::bigint),
                12, '0'), 32, '0')::uuid
            AND m.status NOT IN ('scheduled', 'pending_approval', 'queued', 'sending')
            AND NOT EXISTS (SELECT FROM transmissions t WHERE t.organization_id = m.organization_id
                AND t.message_id = m.id AND t.due_at IS NOT NULL)
        ORDER BY m.id LIMIT per_environment
    ) old WHERE e.retention_days IS NOT NULL LIMIT batch
$$;

-- Uploads that no send used in time, with their bytes. Answers how many went.
CREATE FUNCTION router.prune_uploads(batch integer) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = agentpost, pg_temp AS $$
    WITH gone AS (
        DELETE FROM uploads WHERE (organization_id, id) IN (
            SELECT u.organization_id, u.id FROM uploads u WHERE u.expires_at < now() LIMIT batch FOR UPDATE SKIP LOCKED)
        RETURNING organization_id, id
    ), bytes AS (
        DELETE FROM blobs b USING gone WHERE b.organization_id = gone.organization_id AND b.id = gone.id
        RETURNING b.organization_id, b.id, b.created_at, b.content IS NULL AS elsewhere
    ), doomed AS (
        INSERT INTO doomed_blobs (organization_id, id, stored_at)
        SELECT organization_id, id, created_at FROM bytes WHERE elsewhere ON CONFLICT DO NOTHING
    ) SELECT count(*)::integer FROM gone
$$;

GRANT EXECUTE ON FUNCTION router.doomed_blobs, router.deleted_inboxes, router.expired_messages, router.prune_uploads
    TO agentpost_worker;
GRANT EXECUTE ON FUNCTION router.search_ids TO agentpost_api, agentpost_worker;
SET ROLE agentpost_owner;
