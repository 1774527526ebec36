-- What an execution is for (a time of its schedule), of which it is a step, and how urgent it is;
-- a wish to end it that another server than the one that runs it was told.
ALTER TABLE executions ADD COLUMN scheduled BIGINT;
ALTER TABLE executions ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN cancel_wanted BIGINT NOT NULL DEFAULT 0;

-- What steps handed to later ones: JSON, and artifacts by content.
CREATE TABLE execution_results (
  execution TEXT NOT NULL,
  step TEXT NOT NULL,
  item BIGINT NOT NULL,
  result TEXT NOT NULL,
  artifacts TEXT NOT NULL,
  PRIMARY KEY (execution, step, item)
);

-- What people said about steps that ask.
CREATE TABLE execution_decisions (
  execution TEXT NOT NULL,
  step TEXT NOT NULL,
  item BIGINT NOT NULL,
  approved SMALLINT NOT NULL,
  author TEXT NOT NULL,
  comment TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (execution, step, item)
);

-- Which server starts and runs executions; the others stand by.
CREATE TABLE pipeline_lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  expires BIGINT NOT NULL
);
