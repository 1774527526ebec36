// SPDX-License-Identifier: Apache-2.0
// How the endpoint is watched, as the server has it.
import { address } from "../../api/client";
import { useGet } from "../../api/query";
import { number } from "../../format";
import { Card, Command, Facts, Ready } from "../../parts/basics";

function show(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length ? value.map(show).join(", ") : "none";
  if (typeof value === "object") {
    const entries = Object.entries(value);
    return entries.length ? entries.map(([key, v]) => `${key} ${show(v)}`).join(" · ") : "none";
  }
  return String(value);
}

export function Settings({ name }: { name: string }) {
  const monitor = useGet<Record<string, unknown>>(address("/endpoints/{}/monitor", [name]), {
    on: ["endpoint.", "monitor."],
  });
  return (
    <Card title="Monitor" note="windows, thresholds, and what an alert starts">
      <Ready of={monitor}>
        {(data) => (
          <>
            <Facts
              rows={Object.entries(data).map(([key, value]) => [
                key.replace(/_/g, " "),
                <span class="num">{show(value)}</span>,
              ])}
            />
            <p class="muted small gap">Change it through the API:</p>
            <Command
              text={`curl -s -X PUT ${location.origin}/api/v1/endpoints/${encodeURIComponent(name)}/monitor -H 'content-type: application/json' -d '{"drift_threshold": 0.1}'`}
            />
          </>
        )}
      </Ready>
    </Card>
  );
}
