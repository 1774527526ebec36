-- Orders of an experiment's runs that are read instead of sorted: by name, user, status and end.
-- The order of an index is the order of a page: equal runs follow by start, newest first, and id.
CREATE INDEX runs_by_scope_name ON runs (experiment, state, name, started DESC, uuid);
CREATE INDEX runs_by_scope_user ON runs (experiment, state, user_name, started DESC, uuid);
-- The words of the status, as searches order them.
CREATE INDEX runs_by_scope_status ON runs (experiment, state,
  (CASE status WHEN 0 THEN 'scheduled' WHEN 1 THEN 'running' WHEN 2 THEN 'finished'
   WHEN 3 THEN 'failed' ELSE 'killed' END), started DESC, uuid);
CREATE INDEX runs_by_scope_end ON runs (experiment, state, ended) WHERE ended IS NOT NULL;
-- The first of them serves searches for a name as well.
DROP INDEX runs_by_name;
