-- Of requests that were mirrored to a version, which a rollout looks at before it answers anybody.
ALTER TABLE serving_traffic ADD COLUMN shadowed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE serving_traffic ADD COLUMN shadow_errors BIGINT NOT NULL DEFAULT 0;
ALTER TABLE serving_traffic ADD COLUMN shadow_latency TEXT NOT NULL DEFAULT '';
-- Requests for which there was no room or no time.
ALTER TABLE serving_traffic ADD COLUMN refused BIGINT NOT NULL DEFAULT 0;
