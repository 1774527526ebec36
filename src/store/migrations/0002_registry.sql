CREATE TABLE registry_model (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  last_version BIGINT NOT NULL
);

CREATE TABLE registry_model_tag (
  model_id TEXT NOT NULL REFERENCES registry_model (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
);

CREATE TABLE registry_version (
  model_id TEXT NOT NULL REFERENCES registry_model (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  description TEXT,
  stage TEXT NOT NULL,
  source TEXT NOT NULL,
  location TEXT NOT NULL,
  run_id TEXT NOT NULL,
  run_link TEXT NOT NULL,
  logged_model_id TEXT NOT NULL,
  removed SMALLINT NOT NULL,
  PRIMARY KEY (model_id, version)
);

CREATE INDEX registry_version_by_run ON registry_version (run_id);
CREATE INDEX registry_version_by_update ON registry_version (updated);

CREATE TABLE registry_version_tag (
  model_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, version, key),
  FOREIGN KEY (model_id, version) REFERENCES registry_version (model_id, version) ON DELETE CASCADE
);

CREATE TABLE registry_alias (
  model_id TEXT NOT NULL REFERENCES registry_model (id) ON DELETE CASCADE,
  alias TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (model_id, alias)
);

CREATE TABLE registry_history (
  sequence BIGINT PRIMARY KEY,
  model_id TEXT NOT NULL,
  model TEXT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  from_value TEXT NOT NULL,
  to_value TEXT NOT NULL,
  reason TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
);

CREATE INDEX registry_history_by_model ON registry_history (model_id, version);
CREATE INDEX registry_history_by_name ON registry_history (model);
