-- What a retraining was to learn from.
ALTER TABLE monitor_alert ADD COLUMN data_version TEXT NOT NULL DEFAULT '';
CREATE INDEX monitor_alert_retraining ON monitor_alert (model, execution_at);

-- Addresses at which other systems (Alertmanager, Grafana) start a pipeline.
CREATE TABLE pipeline_hook (
  name TEXT PRIMARY KEY,
  pipeline TEXT NOT NULL,
  params TEXT NOT NULL,
  labels TEXT NOT NULL,
  cooldown_s BIGINT NOT NULL,
  secret TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created BIGINT NOT NULL
);

-- What was started: one execution for an alert, however often it is told.
CREATE TABLE pipeline_hook_start (
  hook TEXT NOT NULL,
  alert TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (hook, alert)
);
CREATE INDEX pipeline_hook_start_at ON pipeline_hook_start (hook, at);
