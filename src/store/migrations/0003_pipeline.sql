-- Pipelines, their executions, and what became of each step. Times are milliseconds; an item of -1
-- stands for a step without foreach; params, items and outputs are JSON.

CREATE TABLE pipelines (
  name TEXT PRIMARY KEY,
  yaml TEXT NOT NULL,
  folder TEXT NOT NULL,
  file TEXT NOT NULL,
  schedule TEXT NOT NULL,
  timezone TEXT NOT NULL,
  drift_endpoint TEXT NOT NULL,
  next_fire BIGINT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

-- engine names the process that runs it, so that a later one can see that it is gone.
CREATE TABLE executions (
  id TEXT PRIMARY KEY,
  pipeline TEXT NOT NULL,
  yaml TEXT NOT NULL,
  folder TEXT NOT NULL,
  file TEXT NOT NULL,
  params TEXT NOT NULL,
  trigger_kind TEXT NOT NULL,
  trigger_id TEXT,
  owner TEXT NOT NULL,
  engine TEXT NOT NULL,
  status TEXT NOT NULL,
  error TEXT NOT NULL,
  created BIGINT NOT NULL,
  started BIGINT,
  ended BIGINT
);
CREATE UNIQUE INDEX executions_by_trigger ON executions (trigger_kind, trigger_id);
CREATE INDEX executions_by_pipeline ON executions (pipeline, id);
CREATE INDEX executions_by_status ON executions (status);

CREATE TABLE execution_steps (
  execution TEXT NOT NULL,
  step TEXT NOT NULL,
  item BIGINT NOT NULL,
  status TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  started BIGINT,
  ended BIGINT,
  exit_code BIGINT,
  error TEXT NOT NULL,
  cpu_seconds DOUBLE PRECISION NOT NULL,
  max_rss_bytes BIGINT NOT NULL,
  PRIMARY KEY (execution, step, item)
);

CREATE TABLE execution_attempts (
  execution TEXT NOT NULL,
  step TEXT NOT NULL,
  item BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  status TEXT NOT NULL,
  started BIGINT NOT NULL,
  ended BIGINT,
  exit_code BIGINT,
  error TEXT NOT NULL,
  PRIMARY KEY (execution, step, item, attempt)
);

-- What a foreach over an earlier step's output was expanded to.
CREATE TABLE execution_items (
  execution TEXT NOT NULL,
  step TEXT NOT NULL,
  items TEXT NOT NULL,
  PRIMARY KEY (execution, step)
);

CREATE TABLE step_cache (
  cache_key TEXT PRIMARY KEY,
  outputs TEXT NOT NULL,
  execution TEXT NOT NULL,
  made BIGINT NOT NULL
);
