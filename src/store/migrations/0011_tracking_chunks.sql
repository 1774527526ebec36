-- The history of metrics in blocks of points (docs/formats/metrics.md). Steps gain a decimal part,
-- in billionths. `metrics` keeps what older versions stored until the first start has moved it.

-- What a run reported lately, one row a report or several, any metrics from `low` to `high`. `debt`
-- is what has come since the last compaction: the greater, the sooner the next one.
CREATE TABLE metric_tail (
  run BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  low BIGINT NOT NULL,
  high BIGINT NOT NULL,
  points BIGINT NOT NULL,
  debt BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;

-- Many points of one metric. The first and the last by time and step, and by step and time.
CREATE TABLE metric_chunks (
  id INTEGER PRIMARY KEY,
  run BIGINT NOT NULL,
  metric BIGINT NOT NULL,
  points BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  first_at_step BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  last_at_step BIGINT NOT NULL,
  first_step BIGINT NOT NULL,
  first_step_at BIGINT NOT NULL,
  last_step BIGINT NOT NULL,
  last_step_at BIGINT NOT NULL,
  data BLOB NOT NULL
);
CREATE INDEX metric_chunks_by_time ON metric_chunks (run, metric, last_at);

ALTER TABLE latest_metrics ADD COLUMN step_part BIGINT NOT NULL DEFAULT 0;

ALTER TABLE logged_model_metrics RENAME TO logged_model_metrics_before;
DROP INDEX logged_model_metrics_by_value;
CREATE TABLE logged_model_metrics (
  model TEXT NOT NULL,
  key TEXT NOT NULL,
  step BIGINT NOT NULL,
  step_part BIGINT NOT NULL,
  at BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  kind SMALLINT NOT NULL,
  run TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model, key, at, step, step_part, run, dataset_name, dataset_digest, value, kind)
) WITHOUT ROWID;
INSERT INTO logged_model_metrics SELECT model, key, step, 0, at, value, kind, run, dataset_name,
  dataset_digest FROM logged_model_metrics_before;
DROP TABLE logged_model_metrics_before;
CREATE INDEX logged_model_metrics_by_value ON logged_model_metrics (key, value);
