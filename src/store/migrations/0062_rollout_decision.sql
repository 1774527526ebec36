-- What a rollout decided, with the numbers that it decided on: it can be decided again.
CREATE TABLE rollout_decision (
  rollout_id TEXT NOT NULL REFERENCES rollout (id) ON DELETE CASCADE,
  sequence BIGINT NOT NULL,
  at BIGINT NOT NULL,
  step BIGINT NOT NULL,
  decision TEXT NOT NULL,
  reason TEXT NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (rollout_id, sequence)
);
