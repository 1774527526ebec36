// SPDX-License-Identifier: Apache-2.0
// The latest captured predictions: what was asked, what was answered, and the truth when it is known.
import { address } from "../../api/client";
import { useGet } from "../../api/query";
import type { List, Prediction } from "../../api/types";
import { millis, number } from "../../format";
import { Ago, Card, Empty, Ready } from "../../parts/basics";
import { type Column, Table } from "../../parts/table";

const kFeatures = 10;

export function brief(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value))
    return value.length === 1 ? brief(value[0]) : `[${value.map(brief).join(", ")}]`;
  const entries = Object.entries(value);
  if (entries.length === 1) return brief(entries[0]?.[1]);
  return entries.map(([key, v]) => `${key} ${brief(v)}`).join(", ");
}

export function Predictions({ name }: { name: string }) {
  const predictions = useGet<List<Prediction>>(
    address("/endpoints/{}/predictions", [name], { limit: 500 }),
    { everyMs: 5000 },
  );
  return (
    <Card title="Captured predictions" note="newest first; sampled, kept for monitoring" flush>
      <Ready of={predictions}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty icon="endpoints" title="Nothing captured yet">
              Predictions appear here a moment after they were answered, with their features,
              version, latency and request id.
            </Empty>
          ) : (
            <Table
              label="Captured predictions"
              columns={columnsFor(data.items)}
              rows={data.items}
              rowKey={(p) => `${p.request_id}/${p.row ?? 0}/${p.at}`}
              height={640}
            />
          )
        }
      </Ready>
    </Card>
  );
}

function columnsFor(items: Prediction[]): Column<Prediction>[] {
  const features = [
    ...new Set(items.slice(0, 50).flatMap((p) => Object.keys(p.features ?? {}))),
  ].slice(0, kFeatures);
  return [
    { id: "at", title: "When", cell: (p) => <Ago at={p.at} /> },
    { id: "version", title: "Version", cell: (p) => `v${p.version}` },
    {
      id: "outputs",
      title: "Answer",
      right: true,
      cell: (p) =>
        p.error ? (
          <span class="bad" title={p.error}>
            error
          </span>
        ) : (
          <span title={JSON.stringify(p.outputs)}>{brief(p.outputs)}</span>
        ),
    },
    {
      id: "label",
      title: "Truth",
      right: true,
      cell: (p) =>
        p.label === null || p.label === undefined ? <span class="faint">–</span> : brief(p.label),
    },
    {
      id: "latency",
      title: "Latency",
      right: true,
      cell: (p) => millis(p.latency_ms),
    },
    ...features.map(
      (f): Column<Prediction> => ({
        id: `f.${f}`,
        title: f,
        right: true,
        cell: (p) => brief(p.features?.[f]),
      }),
    ),
    {
      id: "request",
      title: "Request id",
      cell: (p) => (
        <code class="small faint">{p.row ? `${p.request_id}/${p.row}` : p.request_id}</code>
      ),
    },
  ];
}
