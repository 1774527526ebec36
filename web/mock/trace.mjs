// SPDX-License-Identifier: Apache-2.0
// What came of an alert: everything up to a promotion when it started an execution.
export function trace(alert) {
  if (!alert) return undefined;
  const opened = Date.parse(alert.opened);
  const at = (minutes) => new Date(opened + minutes * 60_000).toISOString();
  const span = (span_id, parent_id, kind, name, from, to, text = "") => ({
    span_id,
    parent_id,
    kind,
    name,
    text,
    status: "ok",
    link: kind === "alert" ? `/alerts/${alert.id}` : null,
    started: at(from),
    ended: at(to),
  });
  const spans = [span("a1", null, "alert", `${alert.kind} alert`, 0, 120, alert.message)];
  if (alert.execution_id) {
    spans.push(
      span("e1", "a1", "execution", "retrain", 1, 40),
      span("s1", "e1", "step", "train", 2, 30),
      span("g1", "e1", "gate", "gate production", 39, 39, "allowed by production"),
      span("r1", "a1", "rollout", "version 1 to 2: promoted", 41, 119),
      span("m1", "r1", "rollout_step", "shadow", 41, 60),
      span("m2", "r1", "rollout_step", "5 %", 60, 119),
      span("m3", "r1", "rollout_step", "promoted", 119, 119),
    );
  }
  return {
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    alert_id: alert.id,
    endpoint: alert.endpoint,
    model: alert.model,
    state: alert.state,
    spans,
  };
}
