// SPDX-License-Identifier: Apache-2.0
// Routes, weights and what each version answers right now.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Endpoint, Route } from "../../api/types";
import { compact, millis, moment, number, percent } from "../../format";
import { Badge, Card, Command, Empty, State, Stats } from "../../parts/basics";
import { LineChart, type Series } from "../../parts/chart/line";
import { Split } from "../../parts/split";
import { type Column, Table } from "../../parts/table";
import { to } from "../../router";
import { routeParts } from "../endpoints";

export interface Sample {
  at: number;
  requests: Record<string, number>;
  p99: Record<string, number | null>;
}

const kSamples = 150;

// What was seen while the page is open: the server keeps totals, rates are their differences.
export function ratesOf(samples: Sample[], version: string): { x: number; y: number }[] {
  const points: { x: number; y: number }[] = [];
  for (let i = 1; i < samples.length; ++i) {
    const before = samples[i - 1];
    const after = samples[i];
    if (!before || !after) continue;
    const seconds = (after.at - before.at) / 1000;
    const count = (after.requests[version] ?? 0) - (before.requests[version] ?? 0);
    if (seconds > 0) points.push({ x: after.at, y: Math.max(0, count) / seconds });
  }
  return points;
}

function useSamples(endpoint: Endpoint): Sample[] {
  const kept = useRef<Sample[]>([]);
  const [samples, setSamples] = useState<Sample[]>([]);
  useEffect(() => {
    const sample: Sample = { at: Date.now(), requests: {}, p99: {} };
    for (const s of endpoint.stats.per_version) {
      sample.requests[s.version] = s.requests;
      sample.p99[s.version] = s.p99_ms;
    }
    kept.current = [...kept.current, sample].slice(-kSamples);
    setSamples(kept.current);
  }, [endpoint]);
  return samples;
}

export function Traffic({ endpoint }: { endpoint: Endpoint }) {
  const samples = useSamples(endpoint);
  const { stats } = endpoint;
  const versions = stats.per_version.map((s) => s.version);
  const color = (version: string) => (Math.max(0, versions.indexOf(version)) % 8) + 1;
  const rate: Series[] = versions.map((v) => ({
    name: `v${v}`,
    color: color(v),
    points: ratesOf(samples, v),
    area: versions.length === 1,
  }));
  const p99: Series[] = versions.map((v) => ({
    name: `v${v}`,
    color: color(v),
    points: samples.map((s) => ({ x: s.at, y: s.p99[v] ?? Number.NaN })),
  }));
  const example = `curl -s ${location.origin}/endpoints/${encodeURIComponent(endpoint.name)}/invocations -H 'content-type: application/json' -d '{"dataframe_split": {"columns": [..], "data": [[..]]}}'`;
  return (
    <div class="stack">
      <Stats
        items={[
          { name: "Requests", value: compact(stats.requests) },
          {
            name: "Errors",
            value: compact(stats.errors),
            note: stats.requests ? percent(stats.errors / stats.requests, 2) : undefined,
            tone:
              stats.errors === 0 ? "plain" : stats.errors >= 0.01 * stats.requests ? "bad" : "warn",
          },
          { name: "p50", value: millis(stats.p50_ms) },
          { name: "p99", value: millis(stats.p99_ms) },
          { name: "Changed", value: <span class="stat-date">{moment(endpoint.updated)}</span> },
        ]}
      />
      <Card title="Routes" note="who answers, and how much" flush>
        <div class="body">
          <Split parts={routeParts(endpoint.routes)} />
        </div>
        <Routes endpoint={endpoint} />
      </Card>
      {samples.length > 2 && versions.length > 0 && (
        <div class="grid">
          <Card class="span-6" title="Requests per second" note="since this page was opened">
            <LineChart
              label="Requests per second by version"
              series={rate}
              time
              height={170}
              yMin={0}
              format={(v) => compact(v)}
            />
          </Card>
          <Card class="span-6" title="p99 latency" note="since this page was opened">
            <LineChart
              label="p99 latency by version"
              series={p99}
              time
              height={170}
              yMin={0}
              format={(v) => millis(v)}
            />
          </Card>
        </div>
      )}
      {stats.requests === 0 && (
        <Card>
          <Empty icon="endpoints" title="No requests yet">
            Send it a row:
          </Empty>
          <Command text={example} />
        </Card>
      )}
    </div>
  );
}

function Routes({ endpoint }: { endpoint: Endpoint }) {
  const statsOf = (r: Route) =>
    endpoint.stats.per_version.find(
      (s) => s.version === r.version && (s.model === undefined || s.model === r.model),
    );
  const columns: Column<Route>[] = [
    {
      id: "version",
      title: "Version",
      cell: (r) => (
        <span class="row">
          <a
            class="name"
            href={r.version ? to`/models/${r.model}/versions/${r.version}` : to`/models/${r.model}`}
          >
            {r.model} {r.version ? `v${r.version}` : "not resolved"}
          </a>
          {r.alias && <Badge tone={r.alias === "champion" ? "good" : "accent"}>{r.alias}</Badge>}
          {r.shadow && <Badge outline>shadow</Badge>}
        </span>
      ),
    },
    {
      id: "weight",
      title: "Weight",
      right: true,
      cell: (r) => (r.shadow ? "copy" : `${number(r.weight)} %`),
    },
    {
      id: "state",
      title: "State",
      cell: (r) => (
        <span title={r.error ?? undefined}>{r.state ? <State state={r.state} /> : ""}</span>
      ),
    },
    { id: "requests", title: "Requests", right: true, cell: (r) => compact(statsOf(r)?.requests) },
    { id: "errors", title: "Errors", right: true, cell: (r) => compact(statsOf(r)?.errors) },
    { id: "p50", title: "p50", right: true, cell: (r) => millis(statsOf(r)?.p50_ms) },
    { id: "p99", title: "p99", right: true, cell: (r) => millis(statsOf(r)?.p99_ms) },
    {
      id: "error",
      title: "",
      wrap: true,
      cell: (r) => (r.error ? <span class="bad">{r.error}</span> : ""),
    },
  ];
  const some = endpoint.routes.some((r) => r.error) ? columns : columns.slice(0, -1);
  return (
    <Table
      label="Routes"
      columns={some}
      rows={endpoint.routes}
      rowKey={(r) => `${r.model}/${r.version}/${r.alias}/${r.shadow}`}
    />
  );
}
