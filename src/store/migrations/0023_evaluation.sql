-- What evaluations are made of: datasets with their records, scorers, questions and queues for
-- reviewers, and the issues that were found. JSON is text as it was given.
CREATE TABLE evaluation_dataset (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  schema TEXT,
  profile TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  created_by TEXT,
  updated_by TEXT
);
CREATE TABLE evaluation_dataset_tag (
  dataset_id TEXT NOT NULL REFERENCES evaluation_dataset (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (dataset_id, key)
);
CREATE TABLE evaluation_dataset_experiment (
  dataset_id TEXT NOT NULL REFERENCES evaluation_dataset (id) ON DELETE CASCADE,
  experiment_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (dataset_id, experiment_id)
);
CREATE INDEX evaluation_dataset_experiment_id ON evaluation_dataset_experiment (experiment_id);
CREATE TABLE evaluation_record (
  id TEXT PRIMARY KEY,
  dataset_id TEXT NOT NULL REFERENCES evaluation_dataset (id) ON DELETE CASCADE,
  input_hash TEXT NOT NULL,
  inputs TEXT NOT NULL,
  outputs TEXT,
  expectations TEXT,
  tags TEXT NOT NULL,
  source TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  created_by TEXT,
  updated_by TEXT,
  UNIQUE (dataset_id, input_hash)
);
CREATE INDEX evaluation_record_order ON evaluation_record (dataset_id, created, id);
CREATE TABLE evaluation_scorer (
  id TEXT PRIMARY KEY,
  experiment_id TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (experiment_id, name)
);
CREATE TABLE evaluation_scorer_version (
  scorer_id TEXT NOT NULL REFERENCES evaluation_scorer (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  serialized TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (scorer_id, version)
);
CREATE TABLE evaluation_question (
  id TEXT PRIMARY KEY,
  experiment_id TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  instruction TEXT,
  comments SMALLINT NOT NULL,
  input TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  standard SMALLINT NOT NULL,
  UNIQUE (experiment_id, name)
);
CREATE TABLE evaluation_queue (
  id TEXT PRIMARY KEY,
  experiment_id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  owner TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  UNIQUE (experiment_id, name_key)
);
CREATE TABLE evaluation_queue_user (
  queue_id TEXT NOT NULL REFERENCES evaluation_queue (id) ON DELETE CASCADE,
  reviewer TEXT NOT NULL,
  PRIMARY KEY (queue_id, reviewer)
);
CREATE TABLE evaluation_queue_question (
  queue_id TEXT NOT NULL REFERENCES evaluation_queue (id) ON DELETE CASCADE,
  question_id TEXT NOT NULL,
  PRIMARY KEY (queue_id, question_id)
);
CREATE TABLE evaluation_queue_item (
  queue_id TEXT NOT NULL REFERENCES evaluation_queue (id) ON DELETE CASCADE,
  item_id TEXT NOT NULL,
  status TEXT NOT NULL,
  completed_by TEXT,
  completed BIGINT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  PRIMARY KEY (queue_id, item_id)
);
CREATE INDEX evaluation_queue_item_id ON evaluation_queue_item (item_id);
CREATE TABLE evaluation_issue (
  id TEXT PRIMARY KEY,
  experiment_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  status TEXT NOT NULL,
  severity TEXT,
  severity_rank BIGINT NOT NULL,
  root_causes TEXT NOT NULL,
  categories TEXT NOT NULL,
  source_run TEXT,
  created_by TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE INDEX evaluation_issue_experiment ON evaluation_issue (experiment_id);
