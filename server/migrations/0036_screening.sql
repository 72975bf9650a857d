-- Screening for instructions: which policies say where to label and hold, and what a month's judgements have cost.

-- Looked for with every mail that comes in.
CREATE INDEX policies_screening ON policies (organization_id) WHERE kind = 'screening' AND enabled;

CREATE TABLE model_spending (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    month date NOT NULL,
    tokens bigint NOT NULL,
    PRIMARY KEY (organization_id, month)
);
CALL protect('model_spending');
