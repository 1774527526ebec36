-- What an endpoint does besides dividing requests by weight: it can be unloaded, keep answers for
-- equal requests, keep callers with their version, and route by a header.
ALTER TABLE endpoint ADD COLUMN paused SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN cache_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN sticky TEXT NOT NULL DEFAULT '';
ALTER TABLE endpoint_route ADD COLUMN header TEXT NOT NULL DEFAULT '';
ALTER TABLE endpoint_route ADD COLUMN header_value TEXT NOT NULL DEFAULT '';
