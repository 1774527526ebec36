-- What came of predictions for the business, by request; model and version are empty until the
-- prediction is stored.
CREATE TABLE monitor_event (
  endpoint TEXT NOT NULL,
  event TEXT NOT NULL,
  event_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  at BIGINT NOT NULL,
  received BIGINT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  predicted_at BIGINT NOT NULL,
  PRIMARY KEY (endpoint, event, event_id)
);
CREATE INDEX monitor_event_predicted ON monitor_event (endpoint, predicted_at);
CREATE INDEX monitor_event_request ON monitor_event (endpoint, request_id);
CREATE INDEX monitor_event_age ON monitor_event (received);
