// SPDX-License-Identifier: Apache-2.0
// One run: what went in, what came out, and its files.
import { address } from "../api/client";
import { useGet } from "../api/query";
import type { List, MetricPoint, Run } from "../api/types";
import { between, duration, moment, number, shortId, toNumber } from "../format";
import { Artifacts } from "../parts/artifacts";
import { Card, Copy, Empty, Facts, Head, Ready, State, Tabs } from "../parts/basics";
import { LineChart } from "../parts/chart/line";
import { Console } from "../parts/console";
import { Media } from "../parts/media";
import { type Place, to, withQuery } from "../router";

export function RunPage({ id, place }: { id: string; place: Place }) {
  const run = useGet<Run>(address("/runs/{}", [id]), { on: ["run."], everyMs: 5000 });
  const tab = place.query.get("tab") ?? "summary";
  const data = run.data;
  return (
    <>
      <Head
        title={data?.name || shortId(id)}
        crumbs={[
          { text: "Experiments", href: "#/experiments" },
          ...(data ? [{ text: "Runs", href: to`/experiments/${data.experiment_id}` }] : []),
        ]}
        sub={
          data && (
            <>
              <State state={data.status} />
              <span class="mono small">{id}</span>
              <Copy text={id} label="Copy the run id" />
            </>
          )
        }
      />
      <Ready of={run} lines={8}>
        {(found) => (
          <>
            <Tabs
              label="Parts of the run"
              current={tab}
              href={(next) =>
                withQuery(place, { tab: next === "summary" ? null : next, path: null })
              }
              tabs={[
                { id: "summary", text: "Summary" },
                { id: "metrics", text: "Metrics", count: Object.keys(found.metrics).length },
                { id: "media", text: "Media" },
                { id: "artifacts", text: "Artifacts" },
                { id: "console", text: "Console" },
              ]}
            />
            {tab === "summary" && <Summary run={found} />}
            {tab === "metrics" && <Metrics run={found} />}
            {tab === "media" && <Media run={id} />}
            {tab === "console" && <Console run={id} />}
            {tab === "artifacts" && <Artifacts run={id} place={place} />}
          </>
        )}
      </Ready>
    </>
  );
}

function Summary({ run }: { run: Run }) {
  const commit = run.tags["mlflow.source.git.commit"];
  const tags = Object.entries(run.tags).filter(([key]) => !key.startsWith("mlflow."));
  return (
    <div class="grid">
      <div class="span-4 stack">
        <Card title="Run">
          <Facts
            rows={[
              ["Started", moment(run.started)],
              ["Took", <span class="num">{duration(between(run.started, run.ended))}</span>],
              ["By", run.tags["mlflow.user"] ?? "–"],
              ["Source", <span class="mono small">{run.tags["mlflow.source.name"] ?? "–"}</span>],
              ["Commit", commit ? <Hash text={commit} /> : "–"],
            ]}
          />
        </Card>
        <Card title="Datasets">
          {run.datasets.length === 0 ? (
            <p class="faint">
              None recorded. <code>mlflow.log_input</code> records what a run read.
            </p>
          ) : (
            <Facts
              rows={run.datasets.map((d) => [
                d.name,
                <Hash key={d.digest} text={d.digest} note={d.context} />,
              ])}
            />
          )}
        </Card>
        {tags.length > 0 && (
          <Card title="Tags">
            <Facts rows={tags.map(([key, value]) => [key, value])} />
          </Card>
        )}
      </div>
      <Values
        span="span-4"
        title="Metrics"
        rows={Object.entries(run.metrics).map(([key, value]) => [key, number(value)])}
        empty="No metrics were logged."
      />
      <Values
        span="span-4"
        title="Params"
        rows={Object.entries(run.params).map(([key, value]) => [key, value])}
        empty="No params were logged."
      />
    </div>
  );
}

export function Hash({ text, note }: { text: string; note?: string }) {
  return (
    <span class="row">
      <code title={text}>{shortId(text, 10)}</code>
      <Copy text={text} />
      {note && <span class="faint small">{note}</span>}
    </span>
  );
}

function Values({
  title,
  rows,
  empty,
  span,
}: {
  title: string;
  rows: [string, string][];
  empty: string;
  span: string;
}) {
  const sorted = [...rows].sort(([a], [b]) => a.localeCompare(b));
  return (
    <Card class={span} title={title} note={rows.length || undefined} flush>
      {rows.length === 0 ? (
        <p class="faint body">{empty}</p>
      ) : (
        <div class="scroll tall">
          <table class="table" aria-label={title}>
            <tbody>
              {sorted.map(([key, value]) => (
                <tr key={key}>
                  <td>{key}</td>
                  <td class="n" title={value}>
                    {value}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function Metrics({ run }: { run: Run }) {
  const keys = Object.keys(run.metrics).sort();
  if (keys.length === 0) {
    return (
      <Card>
        <Empty
          icon="experiments"
          title="No metrics"
          command='mlflow.log_metric("auc", 0.78, step=1)'
        >
          What the run logs is drawn here while it runs.
        </Empty>
      </Card>
    );
  }
  return (
    <div class="grid">
      {keys.slice(0, 60).map((key) => (
        <MetricCard key={key} run={run.id} name={key} />
      ))}
    </div>
  );
}

export function toPoints(points: MetricPoint[]): { x: number; y: number }[] {
  return points
    .map((p) => ({ x: p.step, y: toNumber(p.value) ?? Number.NaN }))
    .sort((a, b) => a.x - b.x);
}

function MetricCard({ run, name }: { run: string; name: string }) {
  const history = useGet<List<MetricPoint>>(
    address("/runs/{}/metrics/{}", [run, name], { max_points: 1000 }),
    { on: ["run."], everyMs: 10_000 },
  );
  return (
    <Card
      class="span-4"
      title={<span class="clip">{name}</span>}
      note={
        history.data ? number(history.data.items[history.data.items.length - 1]?.value) : undefined
      }
    >
      <Ready of={history}>
        {(data) => (
          <LineChart
            label={`${name} by step`}
            height={160}
            dots={data.items.length < 30}
            series={[{ name, color: 1, points: toPoints(data.items) }]}
          />
        )}
      </Ready>
    </Card>
  );
}
