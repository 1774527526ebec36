-- Last values of metrics that no search has named lie in blocks when runs report very many of them
-- (docs/formats/metrics.md). place: 0 rows of latest_metrics, 1 blocks, 2 on the way from blocks to
-- rows, 3 rows for good, since a search has named the metric.
ALTER TABLE metric_keys ADD COLUMN place SMALLINT NOT NULL DEFAULT 0;

-- The metrics from `first` to `first` + 63 of a run.
CREATE TABLE latest_blocks (
  run BIGINT NOT NULL,
  first BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (run, first)
) WITHOUT ROWID;

-- Metrics that left the blocks, in order; runs up to `reached` are done.
CREATE TABLE metric_moves (
  seq INTEGER PRIMARY KEY,
  metric BIGINT NOT NULL,
  reached BIGINT NOT NULL
);
