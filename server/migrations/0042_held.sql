-- Withheld mail is seen by approvers alone, and its thread tells nothing of it: one with no other mail has not begun.
-- Lists walk the threads that have begun, however many have not.
ALTER TABLE threads ADD COLUMN begun boolean NOT NULL GENERATED ALWAYS AS (message_count > 0) STORED;
DROP INDEX threads_by_inbox, threads_by_environment;
CREATE INDEX threads_by_inbox ON threads (organization_id, inbox_id, begun, last_message_at, id);
CREATE INDEX threads_by_environment ON threads (organization_id, environment_id, begun, last_message_at, id);
