-- What the owner allows: rules about addresses, policies about everything else. The scope stands in the two columns:
-- neither means the organization, an inbox has its environment beside it.

CREATE TABLE filter_rules (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    environment_id uuid,
    inbox_id uuid,
    direction text NOT NULL CHECK (direction IN ('send', 'receive', 'reply')),
    action text NOT NULL CHECK (action IN ('allow', 'block')),
    match_type text NOT NULL CHECK (match_type IN ('address', 'domain', 'subdomain_wildcard')),
    value text NOT NULL COLLATE "C",
    require_authentication boolean NOT NULL DEFAULT false,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CHECK (inbox_id IS NULL OR environment_id IS NOT NULL),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments ON DELETE CASCADE,
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes ON DELETE CASCADE
);
-- One rule a place, direction and value: two that contradict each other would be a riddle.
CREATE UNIQUE INDEX filter_rules_once ON filter_rules (organization_id, direction, value, action, environment_id, inbox_id)
    NULLS NOT DISTINCT;
CREATE INDEX filter_rules_of_environment ON filter_rules (organization_id, environment_id, id);
CREATE INDEX filter_rules_of_inbox ON filter_rules (organization_id, inbox_id, id);
-- Whether a list of those who are allowed exists at all.
CREATE INDEX filter_rules_allow ON filter_rules (organization_id, direction, environment_id, inbox_id) WHERE action = 'allow';
CALL protect('filter_rules');

CREATE TABLE policies (
    organization_id uuid NOT NULL REFERENCES organizations,
    id uuid NOT NULL,
    environment_id uuid,
    inbox_id uuid,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('approval', 'flow', 'caps', 'screening', 'loop', 'governance')),
    enabled boolean NOT NULL DEFAULT true,
    rules jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CHECK (inbox_id IS NULL OR environment_id IS NOT NULL),
    FOREIGN KEY (organization_id, environment_id) REFERENCES environments ON DELETE CASCADE,
    FOREIGN KEY (organization_id, inbox_id) REFERENCES inboxes ON DELETE CASCADE
);
CREATE INDEX policies_of_environment ON policies (organization_id, environment_id, id);
CREATE INDEX policies_of_inbox ON policies (organization_id, inbox_id, id);
CALL protect('policies');
