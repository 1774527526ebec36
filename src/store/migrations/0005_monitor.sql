-- How each endpoint is watched (a JSON document, see docs/guides/monitoring.md).
CREATE TABLE monitor_settings (
  endpoint TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  updated BIGINT NOT NULL
);

-- What the features of a version looked like in training.
CREATE TABLE monitor_reference (
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  rows BIGINT NOT NULL,
  created BIGINT NOT NULL,
  profile BLOB NOT NULL,
  PRIMARY KEY (model, version)
);

-- Captured predictions, some thousand a row; hashes holds 8 bytes for each request id.
CREATE TABLE monitor_chunk (
  id BIGINT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  rows BIGINT NOT NULL,
  hashes BLOB NOT NULL,
  answers BLOB NOT NULL,
  features BLOB NOT NULL
);
CREATE INDEX monitor_chunk_endpoint ON monitor_chunk (endpoint, id);

CREATE TABLE monitor_report (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  window_start BIGINT NOT NULL,
  window_end BIGINT NOT NULL,
  rows BIGINT NOT NULL,
  drift_share DOUBLE PRECISION NOT NULL,
  dataset_drift SMALLINT NOT NULL,
  threshold DOUBLE PRECISION NOT NULL,
  error TEXT NOT NULL,
  detail TEXT NOT NULL,
  end_chunk BIGINT NOT NULL,
  end_row BIGINT NOT NULL
);
CREATE INDEX monitor_report_endpoint ON monitor_report (endpoint, id);

-- Ground truth joined to its prediction; a request that several versions answered has several.
CREATE TABLE monitor_outcome (
  endpoint TEXT NOT NULL,
  request_id TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  label TEXT NOT NULL,
  prediction TEXT NOT NULL,
  score DOUBLE PRECISION,
  PRIMARY KEY (endpoint, request_id, model, version)
);
CREATE INDEX monitor_outcome_version ON monitor_outcome (endpoint, model, version, seq);

-- Ground truth whose prediction is not stored (yet).
CREATE TABLE monitor_waiting_label (
  endpoint TEXT NOT NULL,
  request_id TEXT NOT NULL,
  label TEXT NOT NULL,
  received BIGINT NOT NULL,
  PRIMARY KEY (endpoint, request_id)
);
CREATE INDEX monitor_waiting_label_age ON monitor_waiting_label (received);

CREATE TABLE monitor_quality (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  window_start BIGINT NOT NULL,
  window_end BIGINT NOT NULL,
  labelled BIGINT NOT NULL,
  metrics TEXT NOT NULL,
  last_seq BIGINT NOT NULL
);
CREATE INDEX monitor_quality_endpoint ON monitor_quality (endpoint, id);

CREATE TABLE monitor_alert (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  opened BIGINT NOT NULL,
  closed BIGINT,
  closed_by TEXT NOT NULL,
  report_id TEXT NOT NULL,
  message TEXT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  threshold DOUBLE PRECISION NOT NULL,
  execution_id TEXT NOT NULL,
  execution_at BIGINT NOT NULL,
  retrain_note TEXT NOT NULL
);
CREATE INDEX monitor_alert_endpoint ON monitor_alert (endpoint, id);
-- At most one alert of a kind is open at an endpoint.
CREATE UNIQUE INDEX monitor_alert_open ON monitor_alert (endpoint, kind) WHERE state <> 'closed';

-- Webhooks to send: written with what they tell, deleted when they were received.
CREATE TABLE monitor_outbox (
  id TEXT PRIMARY KEY,
  alert_id TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  last_error TEXT NOT NULL
);
CREATE INDEX monitor_outbox_next ON monitor_outbox (next_at);
