-- What the columns of each window of traffic looked like: mergeable sketches (docs/formats/profiles.md).
-- Windows older than a week are merged into one row a day and version.
CREATE TABLE monitor_profile (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  window_start BIGINT NOT NULL,
  window_end BIGINT NOT NULL,
  rows BIGINT NOT NULL,
  windows BIGINT NOT NULL,
  profile BLOB NOT NULL
);
CREATE INDEX monitor_profile_time ON monitor_profile (endpoint, window_start);

-- Outcomes of the predictions of a window.
CREATE INDEX monitor_outcome_at ON monitor_outcome (endpoint, model, version, at);
