-- What each server of a store has answered, by version, since it started. Written by those that
-- only answer, read by the one that judges.
CREATE TABLE serving_traffic (
  server TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  requests BIGINT NOT NULL,
  errors BIGINT NOT NULL,
  latency TEXT NOT NULL, -- bucket:count of those that are not empty, see serving/stats.h
  updated BIGINT NOT NULL,
  PRIMARY KEY (server, endpoint, model, version)
);

-- Outcomes in the order in which they became known, whichever server was told.
CREATE INDEX monitor_outcome_seq ON monitor_outcome (seq);
