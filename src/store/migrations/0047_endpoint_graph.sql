-- Graphs behind endpoints: every text that one has had, numbered from 1. Routes name theirs by the
-- model graph:ENDPOINT and the version. Kept when the endpoint goes, so that a number stays unique.
CREATE TABLE endpoint_graph (
  endpoint TEXT NOT NULL,
  version TEXT NOT NULL,
  text TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (endpoint, version)
);
