-- Detectors of changes on the stream of predictions or of their errors: what each remembers, and up
-- to where it has seen. `rule` is its JSON in the settings: another rule begins anew.
CREATE TABLE monitor_detector (
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  rule TEXT NOT NULL,
  seen_to BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  changes BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  state BLOB NOT NULL,
  PRIMARY KEY (endpoint, model, version, rule)
);
