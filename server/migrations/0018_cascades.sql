-- What only notes something about an inbox or an environment goes with it, and never keeps it.
ALTER TABLE loop_fuses DROP CONSTRAINT loop_fuses_organization_id_inbox_id_fkey,
    ADD FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes ON DELETE CASCADE;
ALTER TABLE undetermined_bounces DROP CONSTRAINT undetermined_bounces_organization_id_environment_id_fkey,
    ADD FOREIGN KEY (organization_id, environment_id) REFERENCES environments ON DELETE CASCADE;
