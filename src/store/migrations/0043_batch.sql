-- Batch predictions: the jobs, how far each has come, and answers that are looked up by key.

CREATE TABLE batch_job (
  id TEXT PRIMARY KEY,
  target TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  input TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  output TEXT NOT NULL,
  key_column TEXT NOT NULL,
  keep TEXT NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL,
  rows_total BIGINT NOT NULL,
  rows_done BIGINT NOT NULL,
  bytes_done BIGINT NOT NULL,
  created BIGINT NOT NULL,
  started BIGINT,
  ended BIGINT
);
CREATE INDEX batch_job_by_state ON batch_job (state);

CREATE TABLE batch_prediction (
  target TEXT NOT NULL,
  item_key TEXT NOT NULL,
  answer TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  job TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (target, item_key)
);
