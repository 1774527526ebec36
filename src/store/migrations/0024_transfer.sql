-- What was taken in from another store, and in which state it was then: a second transfer sends
-- only what differs. For experiments the mark is the id that it has here.

CREATE TABLE transfer_marks (
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  mark TEXT NOT NULL,
  PRIMARY KEY (source, kind, id)
);
