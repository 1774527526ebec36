CREATE TABLE rollout (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  champion BIGINT NOT NULL,
  challenger BIGINT NOT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  step BIGINT NOT NULL,
  started BIGINT NOT NULL,
  step_started BIGINT NOT NULL,
  alone_since BIGINT NOT NULL,
  ended BIGINT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  settings TEXT NOT NULL,
  routes TEXT NOT NULL,
  counts TEXT NOT NULL
);

CREATE INDEX rollout_by_endpoint ON rollout (endpoint, id);
CREATE INDEX rollout_by_state ON rollout (state);
-- One rollout an endpoint at a time, whoever asks and however often.
CREATE UNIQUE INDEX rollout_active ON rollout (endpoint) WHERE state IN ('running', 'paused');

CREATE TABLE rollout_evidence (
  rollout_id TEXT NOT NULL REFERENCES rollout (id) ON DELETE CASCADE,
  sequence BIGINT NOT NULL,
  at BIGINT NOT NULL,
  step BIGINT NOT NULL,
  check_name TEXT NOT NULL,
  champion TEXT NOT NULL,
  challenger TEXT NOT NULL,
  champion_value DOUBLE PRECISION,
  challenger_value DOUBLE PRECISION,
  verdict TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (rollout_id, sequence)
);
