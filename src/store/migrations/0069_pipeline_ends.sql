-- Pipelines that start when another one has ended.
ALTER TABLE pipelines ADD COLUMN after_pipeline TEXT NOT NULL DEFAULT '';
ALTER TABLE pipelines ADD COLUMN after_status TEXT NOT NULL DEFAULT '';
CREATE INDEX executions_by_end ON executions (pipeline, ended);
CREATE INDEX pipelines_by_next_fire ON pipelines (next_fire);
