-- What runs report besides numbers: typed series (images, tables, histograms, ..) by step, and what
-- they print. Steps are a whole number and billionths, as those of metrics; times milliseconds.

-- kind: 0 image, 1 table, 2 histogram, 3 audio, 4 text, 5 file.
CREATE TABLE run_series (
  run BIGINT NOT NULL,
  key TEXT NOT NULL,
  kind SMALLINT NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (run, key)
);

-- path names a file among the run's artifacts, else content is JSON. The digest of both is part of
-- the key, so that the same entry reported twice is kept once.
CREATE TABLE run_series_entries (
  run BIGINT NOT NULL,
  key TEXT NOT NULL,
  step BIGINT NOT NULL,
  step_part BIGINT NOT NULL,
  at BIGINT NOT NULL,
  digest TEXT NOT NULL,
  path TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (run, key, step, step_part, at, digest)
);

-- Consecutive lines, the first of which has the number `first` (from 0), each as
-- "<milliseconds> <o or e> <text>\n". total_bytes is that of the run up to and with this row.
CREATE TABLE run_console (
  run BIGINT NOT NULL,
  first BIGINT NOT NULL,
  lines BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  total_bytes BIGINT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (run, first)
);
