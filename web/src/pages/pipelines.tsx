// SPDX-License-Identifier: Apache-2.0
// Pipelines that are registered, and everything that was executed.
import { address } from "../api/client";
import { usePages } from "../api/pages";
import { useGet } from "../api/query";
import type { Execution, List, Pipeline } from "../api/types";
import { between, duration } from "../format";
import { Ago, Badge, Card, Empty, Head, Pages, State } from "../parts/basics";
import { type Column, Table } from "../parts/table";
import { type Place, to, withQuery } from "../router";

const kExecutions: Column<Execution>[] = [
  {
    id: "pipeline",
    title: "Pipeline",
    cell: (e) => (
      <a class="name" href={to`/executions/${e.run_id}`}>
        {e.pipeline}
      </a>
    ),
  },
  { id: "status", title: "Status", cell: (e) => <State state={e.status} /> },
  { id: "trigger", title: "Started by", cell: (e) => <Badge outline>{e.trigger.kind}</Badge> },
  { id: "steps", title: "Steps", cell: (e) => <StepDots execution={e} /> },
  { id: "started", title: "Started", cell: (e) => <Ago at={e.started} /> },
  { id: "took", title: "Took", right: true, cell: (e) => duration(between(e.started, e.ended)) },
  {
    id: "params",
    title: "Params",
    cell: (e) => (
      <span class="small muted">
        {Object.entries(e.params ?? {})
          .map(([k, v]) => `${k}=${typeof v === "string" ? v : JSON.stringify(v)}`)
          .join(" ")}
      </span>
    ),
  },
  { id: "id", title: "Id", cell: (e) => <code class="small faint">{e.run_id.slice(0, 12)}</code> },
];

const kTone: Record<string, string> = {
  succeeded: "good",
  cached: "good",
  failed: "bad",
  timed_out: "bad",
  running: "accent",
  cancelled: "warn",
};

function StepDots({ execution }: { execution: Execution }) {
  const steps = execution.steps ?? [];
  return (
    <span
      class="row dots"
      role="img"
      aria-label={steps.map((s) => `${s.name} ${s.status}`).join(", ")}
    >
      {steps.slice(0, 24).map((s) => (
        <i
          key={`${s.name}${s.index}`}
          class={`dot ${kTone[s.status] ?? ""}`}
          title={`${s.name}${s.index === null || s.index === undefined ? "" : `[${s.index}]`}: ${s.status}`}
        />
      ))}
      {steps.length > 24 && <span class="small faint">+{steps.length - 24}</span>}
    </span>
  );
}

function triggers(p: Pipeline): string {
  const all = [
    p.drift_endpoint && `drift of ${p.drift_endpoint}`,
    p.data_path && `data ${p.data_path}`,
    p.push_branch && `pushes to ${p.push_branch}`,
  ];
  return all.filter(Boolean).join(", ");
}

export function PipelinesPage({ place }: { place: Place }) {
  const only = place.query.get("pipeline") ?? "";
  const pipelines = useGet<List<Pipeline>>("/api/v1/pipelines", {
    on: ["pipeline.", "execution."],
  });
  const executions = usePages<Execution>(
    (token) => address("/executions", [], { pipeline: only, page_token: token }),
    ["execution."],
  );
  const columns: Column<Pipeline>[] = [
    {
      id: "name",
      title: "Pipeline",
      cell: (p) => (
        <a class="name" href={withQuery(place, { pipeline: p.name })}>
          {p.name}
        </a>
      ),
    },
    {
      id: "steps",
      title: "Steps",
      cell: (p) => <span class="muted">{p.steps?.map((s) => s.name).join(" → ") ?? ""}</span>,
    },
    {
      id: "schedule",
      title: "Schedule",
      cell: (p) => (p.schedule ? <code>{p.schedule}</code> : <span class="faint">–</span>),
    },
    {
      id: "on",
      title: "Started by",
      cell: (p) => <span class="muted">{triggers(p) || "–"}</span>,
    },
    {
      id: "folder",
      title: "Folder",
      cell: (p) => <code class="small faint">{p.folder ?? p.path ?? ""}</code>,
    },
  ];
  const registered = pipelines.data?.items ?? [];
  return (
    <>
      <Head title="Pipelines" sub="Steps, their order, and every time they were executed." />
      {registered.length > 0 && (
        <Card title="Registered" note="schedules and triggers are active" flush>
          <Table label="Pipelines" columns={columns} rows={registered} rowKey={(p) => p.name} />
        </Card>
      )}
      <Card
        title={only ? `Executions of ${only}` : "Executions"}
        actions={
          only && (
            <a class="btn small" href={withQuery(place, { pipeline: null })}>
              Show all
            </a>
          )
        }
        flush
      >
        <Pages of={executions}>
          {(items) =>
            items.length === 0 ? (
              <Empty
                icon="pipelines"
                title="Nothing was executed yet"
                command="slipway run pipeline.yaml"
              >
                A pipeline is a YAML file of steps. Run it by hand, on a schedule, or when an alert
                opens.
              </Empty>
            ) : (
              <Table
                label="Executions"
                columns={kExecutions}
                rows={items}
                rowKey={(e) => e.run_id}
                height={640}
                onEnd={executions.next}
              />
            )
          }
        </Pages>
      </Card>
    </>
  );
}
