-- The simulator: scripted correspondents of test environments. Their clocks are environments.clock_offset_seconds.

-- `script` is what the correspondent does about the first mail of a conversation, the second, and so on; `afterwards`
-- what about those behind the last.
CREATE TABLE sandbox_personas (
    organization_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    email text NOT NULL COLLATE "C",
    name text,
    script jsonb NOT NULL,
    afterwards text NOT NULL CHECK (afterwards IN ('repeat', 'restart', 'silence')),
    authentication jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, environment_id, email),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments ON DELETE CASCADE
);
CALL protect('sandbox_personas');
