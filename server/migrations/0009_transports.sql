-- Fail-over. `transports` is the order that was planned at submit: the chosen one first, then those that may take over;
-- `transport` is the one whose turn it is. `rounds` counts the waits between tries: the schedule's place, which a move to
-- the next transport does not advance.

ALTER TABLE transmissions ADD COLUMN transports text[] NOT NULL DEFAULT '{}', ADD COLUMN rounds integer NOT NULL DEFAULT 0;
