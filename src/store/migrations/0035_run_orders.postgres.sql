-- Orders of an experiment's runs that are read instead of sorted: by name, user, status and end.
-- An index holds texts of some 2,700 bytes at most.
CREATE INDEX runs_by_scope_name ON runs (experiment, state, left(name, 200));
CREATE INDEX runs_by_scope_user ON runs (experiment, state, left(user_name, 200));
-- The words of the status, as searches order them.
CREATE INDEX runs_by_scope_status ON runs (experiment, state,
  (CASE status WHEN 0 THEN 'scheduled' WHEN 1 THEN 'running' WHEN 2 THEN 'finished'
   WHEN 3 THEN 'failed' ELSE 'killed' END), started DESC, uuid);
CREATE INDEX runs_by_scope_end ON runs (experiment, state, ended) WHERE ended IS NOT NULL;
