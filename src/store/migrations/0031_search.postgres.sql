-- Texts are compared and ordered by their bytes, as in SQLite, and not by the locale that the server
-- happens to have; the indexes follow.
ALTER TABLE runs
  ALTER COLUMN uuid TYPE TEXT COLLATE "C",
  ALTER COLUMN name TYPE TEXT COLLATE "C",
  ALTER COLUMN user_name TYPE TEXT COLLATE "C",
  ALTER COLUMN artifact_root TYPE TEXT COLLATE "C";
ALTER TABLE run_params ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE run_tags ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE run_input_tags ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE run_datasets
  ALTER COLUMN name TYPE TEXT COLLATE "C",
  ALTER COLUMN digest TYPE TEXT COLLATE "C";
ALTER TABLE experiments ALTER COLUMN name TYPE TEXT COLLATE "C";
ALTER TABLE experiment_tags ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE logged_models
  ALTER COLUMN uuid TYPE TEXT COLLATE "C",
  ALTER COLUMN name TYPE TEXT COLLATE "C",
  ALTER COLUMN type TYPE TEXT COLLATE "C",
  ALTER COLUMN source_run TYPE TEXT COLLATE "C";
ALTER TABLE logged_model_params ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE logged_model_tags ALTER COLUMN value TYPE TEXT COLLATE "C";
-- Many runs and few of them change: statistics follow sooner than a fifth of the table.
ALTER TABLE runs SET (autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE latest_metrics SET (autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE run_params SET (autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE run_tags SET (autovacuum_analyze_scale_factor = 0.02);
