CREATE TABLE govern_decision (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  model TEXT NOT NULL,
  version BIGINT NOT NULL,
  champion BIGINT NOT NULL,
  policy TEXT NOT NULL,
  policy_text TEXT NOT NULL,
  allowed SMALLINT NOT NULL,
  rules TEXT NOT NULL
);

CREATE INDEX govern_decision_by_version ON govern_decision (model, version, id);
