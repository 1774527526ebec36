-- Experiments of a state, newest first: the order of most pages.
CREATE INDEX experiments_by_creation ON experiments (state, created DESC, id);
