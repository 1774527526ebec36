-- Whose alert it is and how much it matters, as the settings said when it was opened.
ALTER TABLE monitor_alert ADD COLUMN severity TEXT NOT NULL DEFAULT 'warning';
ALTER TABLE monitor_alert ADD COLUMN owner TEXT NOT NULL DEFAULT '';

-- Hours in which alerts are kept and nobody is told. An empty endpoint or kind is any.
CREATE TABLE monitor_silence (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  kind TEXT NOT NULL,
  starts BIGINT NOT NULL,
  ends BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX monitor_silence_ends ON monitor_silence (ends);
