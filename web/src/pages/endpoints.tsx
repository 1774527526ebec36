// SPDX-License-Identifier: Apache-2.0
import { useGet } from "../api/query";
import type { Endpoint, List, Overview, Route } from "../api/types";
import { compact, millis, percent } from "../format";
import { Ago, Badge, Card, Empty, Head, Ready } from "../parts/basics";
import { Split } from "../parts/split";
import { type Column, Table } from "../parts/table";
import { to } from "../router";

export function routeParts(routes: Route[]) {
  return routes
    .filter((r) => !r.shadow)
    .map((r, i) => ({ name: `${r.model} v${r.version}`, weight: r.weight, color: (i % 8) + 1 }));
}

export function EndpointsPage() {
  const endpoints = useGet<List<Endpoint>>("/api/v1/endpoints", {
    on: ["endpoint.", "rollout.", "model."],
    everyMs: 3000,
  });
  const overview = useGet<Overview>("/api/v1/overview", {
    on: ["alert.", "drift.", "rollout."],
    everyMs: 5000,
  });
  const facts = new Map(overview.data?.endpoints.map((e) => [e.name, e]));
  const columns: Column<Endpoint>[] = [
    {
      id: "name",
      title: "Endpoint",
      cell: (e) => {
        const health = facts.get(e.name)?.health;
        return (
          <span class="row">
            <span
              class={`dot ${{ green: "good", amber: "warn", red: "bad" }[health ?? "green"] ?? ""}`}
              title={facts.get(e.name)?.reason}
            />
            <a class="name" href={to`/endpoints/${e.name}`}>
              {e.name}
            </a>
            {health && health !== "green" && (
              <Badge tone={health === "red" ? "bad" : "warn"}>{health}</Badge>
            )}
          </span>
        );
      },
    },
    {
      id: "routes",
      title: "Traffic",
      cell: (e) => (
        <span class="col route-cell">
          <span class="clip">
            {e.routes
              .map((r) => `${r.model} v${r.version} ${r.shadow ? "shadow" : `${r.weight} %`}`)
              .join(" · ")}
          </span>
          <Split parts={routeParts(e.routes)} />
        </span>
      ),
    },
    {
      id: "rate",
      title: "Requests/s",
      right: true,
      cell: (e) => compact(facts.get(e.name)?.requests_per_s),
    },
    { id: "requests", title: "Requests", right: true, cell: (e) => compact(e.stats.requests) },
    {
      id: "errors",
      title: "Errors",
      right: true,
      cell: (e) => <span class={e.stats.errors > 0 ? "bad" : ""}>{compact(e.stats.errors)}</span>,
    },
    { id: "p50", title: "p50", right: true, cell: (e) => millis(e.stats.p50_ms) },
    { id: "p99", title: "p99", right: true, cell: (e) => millis(e.stats.p99_ms) },
    {
      id: "drift",
      title: "Drift share",
      right: true,
      cell: (e) => percent(facts.get(e.name)?.drift_share),
    },
    { id: "updated", title: "Changed", cell: (e) => <Ago at={e.updated} /> },
  ];
  return (
    <>
      <Head
        title="Endpoints"
        sub="Addresses that answer predictions, and how their traffic is divided."
      />
      <Card flush>
        <Ready of={endpoints}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty
                icon="endpoints"
                title="No endpoints yet"
                command="slipway endpoint create delays --model flights --alias champion"
              >
                An endpoint serves one model version, or divides traffic among several.
              </Empty>
            ) : (
              <Table
                label="Endpoints"
                columns={columns}
                rows={data.items}
                rowKey={(e) => e.name}
                height={680}
              />
            )
          }
        </Ready>
      </Card>
    </>
  );
}
