// SPDX-License-Identifier: Apache-2.0
// Quality on labelled predictions, per version, as the labels arrive.
import { useState } from "preact/hooks";
import { address } from "../../api/client";
import { useGet } from "../../api/query";
import type { List, QualityWindow } from "../../api/types";
import { measure, moment, number } from "../../format";
import { Card, Empty, Ready } from "../../parts/basics";
import { LineChart, type Series } from "../../parts/chart/line";
import { type Column, Table } from "../../parts/table";

const kSkip = new Set([
  "version",
  "model",
  "endpoint",
  "id",
  "window_start",
  "window_end",
  "labelled",
  "rows",
  "at",
  "open",
]);

type Row = QualityWindow & Record<string, unknown>;

// Every number of a window that is a measure; the server may know more of them than this page.
export function measuresOf(rows: QualityWindow[]): string[] {
  const found = new Set<string>();
  for (const row of rows) {
    for (const [key, value] of Object.entries(row))
      if (!kSkip.has(key) && typeof value === "number") found.add(key);
  }
  return [...found];
}

export function Quality({ name }: { name: string }) {
  const windows = useGet<List<QualityWindow>>(address("/endpoints/{}/quality", [name]), {
    on: ["drift.", "quality.", "rollout."],
    everyMs: 5000,
  });
  const [chosen, setChosen] = useState("");
  return (
    <Ready of={windows} lines={6}>
      {(data) => {
        if (data.items.length === 0) {
          return (
            <Card>
              <Empty
                icon="check"
                title="No labels yet"
                command={`curl -s ${location.origin}/api/v1/endpoints/${encodeURIComponent(name)}/feedback -H 'content-type: application/json' -d '{"items": [{"request_id": "..", "label": 1}]}'`}
              >
                Quality is measured when the truth arrives. Send it with the request ids that the
                predictions returned.
              </Empty>
            </Card>
          );
        }
        const rows = [...data.items].sort(
          (a, b) => Date.parse(a.window_end) - Date.parse(b.window_end),
        ) as Row[];
        const measures = measuresOf(rows);
        const measure = measures.includes(chosen)
          ? chosen
          : (["roc_auc", "accuracy", "rmse"].find((m) => measures.includes(m)) ??
            measures[0] ??
            "");
        return (
          <div class="stack">
            <Card
              title="Quality over time"
              note="one line a version"
              actions={<Measures all={measures} value={measure} change={setChosen} />}
            >
              <LineChart
                label={`${measure} by version over time`}
                series={byVersion(rows, measure)}
                time
                dots
                height={240}
              />
            </Card>
            <Card title="Windows" flush>
              <Table
                label="Quality windows"
                columns={columnsFor(measures)}
                rows={[...rows].reverse()}
                rowKey={(r) => `${r.version}${r.window_start}${r.window_end}`}
                height={460}
              />
            </Card>
          </div>
        );
      }}
    </Ready>
  );
}

function Measures({
  all,
  value,
  change,
}: {
  all: string[];
  value: string;
  change: (value: string) => void;
}) {
  return (
    <select
      class="input"
      aria-label="Measure"
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
    >
      {all.map((m) => (
        <option key={m} value={m}>
          {m.replace(/_/g, " ")}
        </option>
      ))}
    </select>
  );
}

function byVersion(rows: Row[], measure: string): Series[] {
  const versions = [...new Set(rows.map((r) => r.version))];
  return versions.map((version, i) => ({
    name: `v${version}`,
    color: (i % 8) + 1,
    points: rows
      .filter((r) => r.version === version)
      .map((r) => ({
        x: Date.parse(r.window_end),
        y: typeof r[measure] === "number" ? (r[measure] as number) : Number.NaN,
      })),
  }));
}

function columnsFor(measures: string[]): Column<Row>[] {
  return [
    { id: "version", title: "Version", cell: (r) => `v${r.version}` },
    { id: "from", title: "From", cell: (r) => <span class="num">{moment(r.window_start)}</span> },
    { id: "until", title: "Until", cell: (r) => <span class="num">{moment(r.window_end)}</span> },
    { id: "labelled", title: "Labelled", right: true, cell: (r) => number(r.labelled) },
    ...measures.map(
      (m): Column<Row> => ({
        id: m,
        title: m.replace(/_/g, " "),
        right: true,
        cell: (r) => measure(r[m] as number | null),
      }),
    ),
  ];
}
