-- Subscriptions to topics, and what waits to be delivered to them.
CREATE TABLE webhook (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  description TEXT,
  secret TEXT NOT NULL,
  active SMALLINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE TABLE webhook_topic (
  webhook_id TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
  topic TEXT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (webhook_id, topic)
);
CREATE INDEX webhook_topic_topic ON webhook_topic (topic);
CREATE TABLE webhook_delivery (
  id TEXT PRIMARY KEY,
  webhook_id TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
  topic TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  last_error TEXT NOT NULL
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_at, webhook_id);
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook_id, next_at);
