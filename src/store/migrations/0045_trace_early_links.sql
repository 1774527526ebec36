-- Links of traces that are not here yet: a client may tell of the link before its trace arrives.
CREATE TABLE trace_early_links (
  trace TEXT NOT NULL,
  kind SMALLINT NOT NULL,
  target TEXT NOT NULL,
  PRIMARY KEY (trace, kind, target)
);
