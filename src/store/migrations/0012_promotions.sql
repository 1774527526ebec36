-- Who may put a version into production: a model's protection, the requests that it leads to and
-- what people answered; and which routes an endpoint had at any time.
CREATE TABLE registry_protection (
  model_id TEXT PRIMARY KEY REFERENCES registry_model (id) ON DELETE CASCADE,
  policy TEXT NOT NULL,
  policy_text TEXT NOT NULL,
  approvals BIGINT NOT NULL,
  approvers TEXT NOT NULL,
  own SMALLINT NOT NULL,
  since BIGINT NOT NULL,
  actor TEXT NOT NULL
);

CREATE TABLE registry_promotion (
  id TEXT PRIMARY KEY,
  model_id TEXT NOT NULL REFERENCES registry_model (id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  asked BIGINT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  policy TEXT NOT NULL,
  decision_id TEXT NOT NULL,
  approvals BIGINT NOT NULL,
  approvers TEXT NOT NULL,
  own SMALLINT NOT NULL,
  hold SMALLINT NOT NULL,
  ended BIGINT
);

CREATE INDEX registry_promotion_by_version ON registry_promotion (model_id, version);

CREATE TABLE registry_promotion_vote (
  promotion TEXT NOT NULL REFERENCES registry_promotion (id) ON DELETE CASCADE,
  actor TEXT NOT NULL,
  at BIGINT NOT NULL,
  approves SMALLINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (promotion, actor)
);

CREATE INDEX registry_version_by_logged_model ON registry_version (logged_model_id);

-- One row a route from `at` on; a position of -1 is the endpoint itself: made or changed (present
-- = 1) or deleted (0).
CREATE TABLE endpoint_history (
  endpoint TEXT NOT NULL,
  at BIGINT NOT NULL,
  change BIGINT NOT NULL,
  position BIGINT NOT NULL,
  present SMALLINT NOT NULL,
  model TEXT NOT NULL,
  alias TEXT NOT NULL,
  version TEXT NOT NULL,
  weight DOUBLE PRECISION NOT NULL,
  shadow SMALLINT NOT NULL,
  PRIMARY KEY (endpoint, change, position)
);

INSERT INTO endpoint_history
SELECT name, updated, 1, -1, 1, '', '', '', 0, 0 FROM endpoint;
INSERT INTO endpoint_history
SELECT r.endpoint, e.updated, 1, r.position, 1, r.model, r.alias, r.version, r.weight, r.shadow
FROM endpoint_route r JOIN endpoint e ON e.name = r.endpoint;
