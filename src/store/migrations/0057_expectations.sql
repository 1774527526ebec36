-- The suite of expectations that an endpoint's requests are held against.
CREATE TABLE endpoint_expectation (
  endpoint TEXT PRIMARY KEY,
  suite TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at BIGINT NOT NULL
);
