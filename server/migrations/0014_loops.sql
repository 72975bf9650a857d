-- Fuses that have tripped: conversations that nothing is sent into until nobody has tried for a while. A line stands for
-- a conversation: a thread, or a subject with one correspondent whose answers name no message. Rows past their time are
-- nothing; the next trip of the inbox takes them away.
CREATE TABLE loop_fuses (
    organization_id uuid NOT NULL,
    inbox_id uuid NOT NULL,
    line bytea NOT NULL,
    trip_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, inbox_id, line),
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes
);
CALL protect('loop_fuses');
