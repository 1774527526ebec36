-- Traces of LLM and agent work. Times are milliseconds, those of spans nanoseconds.
-- state: 0 not told, 1 ok, 2 error, 3 in progress. told: 1 once its client has reported the whole
-- trace, so that times and counts are no longer taken from its spans.

CREATE TABLE traces (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  experiment BIGINT NOT NULL,
  requested BIGINT NOT NULL,
  duration BIGINT,
  state SMALLINT NOT NULL,
  told SMALLINT NOT NULL,
  has_spans SMALLINT NOT NULL,
  name TEXT,
  session TEXT,
  client_id TEXT,
  request TEXT,
  response TEXT,
  artifact_root TEXT NOT NULL,
  input_tokens BIGINT,
  output_tokens BIGINT,
  total_tokens BIGINT,
  cache_read_tokens BIGINT,
  cache_write_tokens BIGINT,
  cache_write_1h_tokens BIGINT,
  input_cost DOUBLE PRECISION,
  output_cost DOUBLE PRECISION,
  total_cost DOUBLE PRECISION
);
CREATE INDEX traces_by_time ON traces (experiment, requested DESC, uuid);
CREATE INDEX traces_by_session ON traces (session) WHERE session IS NOT NULL;

CREATE TABLE trace_tags (
  trace BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (trace, key)
) WITHOUT ROWID;
CREATE INDEX trace_tags_by_value ON trace_tags (key, value);

CREATE TABLE trace_metadata (
  trace BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (trace, key)
) WITHOUT ROWID;
CREATE INDEX trace_metadata_by_value ON trace_metadata (key, value);

-- What a trace belongs to: kind 0 a run, 1 a prompt ("name/version").
CREATE TABLE trace_links (
  kind SMALLINT NOT NULL,
  target TEXT NOT NULL,
  trace BIGINT NOT NULL,
  PRIMARY KEY (kind, target, trace)
) WITHOUT ROWID;
CREATE INDEX trace_links_by_trace ON trace_links (trace);

-- kind: 0 feedback, 1 expectation, 2 a reference to an issue. value, error and metadata are JSON;
-- number is the value as a number (true and "yes" are 1), is_number whether it was written as one.
CREATE TABLE assessments (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  trace BIGINT NOT NULL,
  kind SMALLINT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  number DOUBLE PRECISION,
  is_number SMALLINT NOT NULL,
  error TEXT,
  source_kind TEXT NOT NULL,
  source TEXT,
  run TEXT,
  span TEXT,
  rationale TEXT,
  overrides TEXT,
  valid SMALLINT NOT NULL,
  metadata TEXT,
  by_session SMALLINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE INDEX assessments_by_trace ON assessments (trace);
CREATE INDEX assessments_by_name ON assessments (name, kind);

-- body is docs/formats/spans.md; grams tells which texts cannot be in it.
CREATE TABLE spans (
  seq INTEGER PRIMARY KEY,
  trace BIGINT NOT NULL,
  id TEXT NOT NULL,
  parent TEXT,
  name TEXT NOT NULL,
  type TEXT,
  status SMALLINT NOT NULL,
  started BIGINT NOT NULL,
  ended BIGINT,
  tokens TEXT,
  input_cost DOUBLE PRECISION,
  output_cost DOUBLE PRECISION,
  total_cost DOUBLE PRECISION,
  model TEXT,
  provider TEXT,
  grams BLOB NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (trace, id)
);
