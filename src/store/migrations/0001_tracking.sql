-- Experiments, runs, and what runs report. Times are milliseconds, state 0 is active and 1 deleted.

CREATE TABLE experiments (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  artifact_root TEXT NOT NULL,
  state SMALLINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

CREATE TABLE experiment_tags (
  experiment BIGINT NOT NULL REFERENCES experiments(id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment, key)
) WITHOUT ROWID;

-- Everything about a run hangs on its small number, not on its 32 characters.
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  experiment BIGINT NOT NULL REFERENCES experiments(id),
  name TEXT NOT NULL,
  user_name TEXT NOT NULL,
  status SMALLINT NOT NULL,
  started BIGINT NOT NULL,
  ended BIGINT,
  artifact_root TEXT NOT NULL,
  state SMALLINT NOT NULL,
  deleted_at BIGINT
);
CREATE INDEX runs_by_start ON runs (experiment, state, started DESC, uuid);
CREATE INDEX runs_by_name ON runs (name);

CREATE TABLE run_params (
  run BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX run_params_by_value ON run_params (key, value);

CREATE TABLE run_tags (
  run BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX run_tags_by_value ON run_tags (key, value);

CREATE TABLE metric_keys (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- kind: 0 a number, 1 NaN (value 0), 2 +infinity, 3 -infinity (value +-the largest double).
-- The key is the whole observation, so that the same one reported twice is kept once, and the last
-- row of a (run, metric) is the latest by step, time and value.
CREATE TABLE metrics (
  run BIGINT NOT NULL,
  metric BIGINT NOT NULL,
  step BIGINT NOT NULL,
  at BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  kind SMALLINT NOT NULL,
  PRIMARY KEY (run, metric, step, at, value, kind)
) WITHOUT ROWID;

CREATE TABLE latest_metrics (
  run BIGINT NOT NULL,
  metric BIGINT NOT NULL,
  step BIGINT NOT NULL,
  at BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  kind SMALLINT NOT NULL,
  PRIMARY KEY (run, metric)
) WITHOUT ROWID;
CREATE INDEX latest_metrics_by_value ON latest_metrics (metric, value, kind);

CREATE TABLE run_datasets (
  id INTEGER PRIMARY KEY,
  experiment BIGINT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema_text TEXT,
  profile TEXT,
  UNIQUE (experiment, name, digest)
);
CREATE INDEX run_datasets_by_name ON run_datasets (name, digest);

CREATE TABLE run_inputs (
  run BIGINT NOT NULL,
  dataset BIGINT NOT NULL,
  PRIMARY KEY (run, dataset)
) WITHOUT ROWID;
CREATE INDEX run_inputs_by_dataset ON run_inputs (dataset);

CREATE TABLE run_input_tags (
  run BIGINT NOT NULL,
  dataset BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, dataset, key)
) WITHOUT ROWID;
CREATE INDEX run_input_tags_by_value ON run_input_tags (key, value);

-- Logged models that a run read (role 0) or wrote (role 1).
CREATE TABLE run_models (
  run BIGINT NOT NULL,
  role SMALLINT NOT NULL,
  model TEXT NOT NULL,
  step BIGINT NOT NULL,
  PRIMARY KEY (run, role, model, step)
) WITHOUT ROWID;

CREATE TABLE logged_models (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  experiment BIGINT NOT NULL REFERENCES experiments(id),
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  status SMALLINT NOT NULL,
  source_run TEXT,
  artifact_root TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  state SMALLINT NOT NULL
);
CREATE INDEX logged_models_by_creation ON logged_models (experiment, state, created DESC, uuid);

CREATE TABLE logged_model_params (
  model BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) WITHOUT ROWID;

CREATE TABLE logged_model_tags (
  model BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) WITHOUT ROWID;

-- No foreign key to the model: a metric may name one that this server never saw.
CREATE TABLE logged_model_metrics (
  model TEXT NOT NULL,
  key TEXT NOT NULL,
  step BIGINT NOT NULL,
  at BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  kind SMALLINT NOT NULL,
  run TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model, key, at, step, run, dataset_name, dataset_digest, value, kind)
) WITHOUT ROWID;
CREATE INDEX logged_model_metrics_by_value ON logged_model_metrics (key, value);
