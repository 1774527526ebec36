-- What windows of alerts remember, so that a restart changes nothing.

-- Rows of requests against the endpoint's expectations since the last verdict, of all servers. The
-- row without a rule has the sums, the others how many rows broke one rule.
CREATE TABLE monitor_asked (
  endpoint TEXT NOT NULL,
  rule TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  rows BIGINT NOT NULL,
  broken BIGINT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (endpoint, rule)
);

-- From when predictions count for the next verdict about the business.
CREATE TABLE monitor_business_window (
  endpoint TEXT PRIMARY KEY,
  begun BIGINT NOT NULL
);

-- How many windows in a row were red or green, and since when they are red (0: they are not).
CREATE TABLE monitor_streak (
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  kind TEXT NOT NULL,
  red BIGINT NOT NULL,
  green BIGINT NOT NULL,
  red_since BIGINT NOT NULL,
  PRIMARY KEY (endpoint, model, version, kind)
);

-- What a notice says, to be told together with others. An empty format is told alone.
ALTER TABLE monitor_outbox ADD COLUMN event TEXT NOT NULL DEFAULT '';
ALTER TABLE monitor_outbox ADD COLUMN format TEXT NOT NULL DEFAULT '';
