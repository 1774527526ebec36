-- Versions that are still to be tried as trees or as an ONNX graph. What came of it is in the
-- version's tags.

CREATE TABLE conversion_wanted (
  model TEXT NOT NULL,
  version BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  added BIGINT NOT NULL,
  PRIMARY KEY (model, version)
);
