-- What data and push triggers of registered pipelines saw last: the content that is there, the
-- content that a pointer records, and the one that an execution was started for.

CREATE TABLE pipeline_triggers (
  pipeline TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  present TEXT NOT NULL,
  recorded TEXT NOT NULL,
  started_for TEXT NOT NULL,
  changed BIGINT NOT NULL,
  PRIMARY KEY (pipeline, kind)
);

ALTER TABLE executions ADD COLUMN trigger_detail TEXT NOT NULL DEFAULT '';
