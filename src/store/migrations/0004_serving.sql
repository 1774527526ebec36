-- Endpoints and how their traffic is divided. What a route resolves to is not stored: it follows
-- from the registry.
CREATE TABLE endpoint (
  name TEXT PRIMARY KEY,
  sample_rate DOUBLE PRECISION NOT NULL,
  timeout_ms BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

CREATE TABLE endpoint_route (
  endpoint TEXT NOT NULL REFERENCES endpoint (name),
  position BIGINT NOT NULL,
  model TEXT NOT NULL,
  alias TEXT NOT NULL,
  version TEXT NOT NULL,
  weight DOUBLE PRECISION NOT NULL,
  shadow BIGINT NOT NULL,
  PRIMARY KEY (endpoint, position)
);

CREATE INDEX endpoint_route_model ON endpoint_route (model);
