// SPDX-License-Identifier: Apache-2.0
// Several runs side by side: where they differ, their metrics as bars and curves, and all of it as
// lines through parallel axes.
import { useMemo, useState } from "preact/hooks";
import { address, get } from "../api/client";
import { useLoad } from "../api/query";
import type { List, MetricPoint, Run } from "../api/types";
import { between, duration, number, toNumber } from "../format";
import { Card, Empty, Head, Ready, State } from "../parts/basics";
import { LineChart } from "../parts/chart/line";
import { Parallel } from "../parts/chart/parallel";
import { smooth } from "../parts/chart/scale";
import { Bars } from "../parts/chart/small";
import { type Place, to } from "../router";
import { toPoints } from "./run";

const kMost = 24;
const color = (i: number) => (i % 8) + 1;
const nameOf = (run: Run) => run.name || run.id.slice(0, 8);

export function ComparePage({ place }: { place: Place }) {
  const ids = (place.query.get("runs") ?? "").split(",").filter(Boolean).slice(0, kMost);
  const runs = useLoad<Run[]>(
    ids.length ? `compare:${ids.join(",")}` : null,
    (signal) => Promise.all(ids.map((id) => get<Run>(address("/runs/{}", [id]), signal))),
    { on: ["run."] },
  );
  const experiment = runs.data?.[0]?.experiment_id;
  return (
    <>
      <Head
        title={`Compare ${ids.length} runs`}
        crumbs={[
          { text: "Experiments", href: "#/experiments" },
          ...(experiment !== undefined
            ? [{ text: "Runs", href: to`/experiments/${experiment}` }]
            : []),
        ]}
        sub="Differences are highlighted."
      />
      {ids.length === 0 ? (
        <Card>
          <Empty icon="experiments" title="Nothing to compare">
            Open an experiment and choose two runs or more.
          </Empty>
        </Card>
      ) : (
        <Ready of={runs} lines={8}>
          {(data) => <Comparison runs={data} />}
        </Ready>
      )}
    </>
  );
}

function keysOf(runs: Run[], pick: (run: Run) => Record<string, unknown>): string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(pick(run))))].sort();
}

function Comparison({ runs }: { runs: Run[] }) {
  const metrics = useMemo(() => keysOf(runs, (run) => run.metrics), [runs]);
  const params = useMemo(() => keysOf(runs, (run) => run.params), [runs]);
  const varying = params.filter((key) => new Set(runs.map((run) => run.params[key])).size > 1);
  return (
    <div class="stack">
      <Card title="Parallel coordinates" note="params that differ and metrics; each line is a run">
        <Parallel
          lines={runs.map((run, i) => ({ name: nameOf(run), color: color(i) }))}
          axes={[
            ...varying
              .slice(0, 6)
              .map((key) => ({ name: key, values: runs.map((run) => run.params[key] ?? null) })),
            ...metrics
              .slice(0, 4)
              .map((key) => ({ name: key, values: runs.map((run) => toNumber(run.metrics[key])) })),
          ]}
        />
      </Card>
      <Curves runs={runs} metrics={metrics} />
      <Card title="Metrics">
        <div class="bar-groups">
          {metrics.slice(0, 24).map((key) => (
            <div key={key}>
              <h3 class="label">{key}</h3>
              <Bars
                label={key}
                rows={runs.map((run, i) => ({
                  name: nameOf(run),
                  value: toNumber(run.metrics[key]) ?? Number.NaN,
                  color: color(i),
                }))}
              />
            </div>
          ))}
        </div>
      </Card>
      <Differences runs={runs} params={params} />
    </div>
  );
}

function Curves({ runs, metrics }: { runs: Run[]; metrics: string[] }) {
  const [metric, setMetric] = useState(metrics[0] ?? "");
  const [weight, setWeight] = useState(0);
  const key = metric ? `curves:${metric}:${runs.map((run) => run.id).join(",")}` : null;
  const histories = useLoad<MetricPoint[][]>(
    key,
    (signal) =>
      Promise.all(
        runs.map((run) =>
          metric in run.metrics
            ? get<List<MetricPoint>>(
                address("/runs/{}/metrics/{}", [run.id, metric], { max_points: 500 }),
                signal,
              ).then((list) => list.items)
            : [],
        ),
      ),
    { on: ["run."] },
  );
  if (metrics.length === 0) return null;
  const controls = (
    <>
      <label class="row small muted">
        Smoothing
        <input
          type="range"
          min={0}
          max={0.95}
          step={0.05}
          value={weight}
          onInput={(event) => setWeight(Number(event.currentTarget.value))}
        />
      </label>
      <select
        class="input"
        aria-label="Metric"
        value={metric}
        onChange={(event) => setMetric(event.currentTarget.value)}
      >
        {metrics.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </>
  );
  return (
    <Card title="Metric over steps" actions={controls}>
      <Ready of={histories}>
        {(data) => (
          <LineChart
            label={`${metric} of ${runs.length} runs by step`}
            height={280}
            dots={data.every((points) => points.length < 20)}
            series={runs.map((run, i) => ({
              name: nameOf(run),
              color: color(i),
              points: smooth(toPoints(data[i] ?? []), weight),
            }))}
          />
        )}
      </Ready>
    </Card>
  );
}

function Differences({ runs, params }: { runs: Run[]; params: string[] }) {
  const [all, setAll] = useState(false);
  const rows = params
    .map((key) => ({ key, values: runs.map((run) => run.params[key]) }))
    .map((row) => ({ ...row, differs: new Set(row.values).size > 1 }));
  const shown = all ? rows : rows.filter((row) => row.differs);
  const toggle = (
    <label class="row small muted">
      <input type="checkbox" checked={all} onChange={() => setAll(!all)} />
      Show equal params too
    </label>
  );
  return (
    <Card
      title="Params"
      note={`${rows.filter((row) => row.differs).length} of ${rows.length} differ`}
      actions={toggle}
      flush
    >
      <div class="scroll">
        <table class="table" aria-label="Params side by side">
          <thead>
            <tr>
              <th scope="col">Param</th>
              {runs.map((run, i) => (
                <th key={run.id} scope="col">
                  <span class="row">
                    <i class={`key block s${color(i)}`} />
                    <a href={to`/runs/${run.id}`}>{nameOf(run)}</a>
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <td class="faint">status</td>
              {runs.map((run) => (
                <td key={run.id}>
                  <State state={run.status} />
                </td>
              ))}
            </tr>
            <tr>
              <td class="faint">took</td>
              {runs.map((run) => (
                <td key={run.id} class="num">
                  {duration(between(run.started, run.ended))}
                </td>
              ))}
            </tr>
            {shown.map((row) => (
              <tr key={row.key} class={row.differs ? "diff" : ""}>
                <td>{row.key}</td>
                {row.values.map((value, i) => (
                  <td key={runs[i]?.id} class="num" title={value}>
                    {value ?? <span class="faint">–</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && <p class="faint body">All {number(rows.length)} params are equal.</p>}
    </Card>
  );
}
