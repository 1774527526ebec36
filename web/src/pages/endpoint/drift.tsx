// SPDX-License-Identifier: Apache-2.0
// Drift reports: the share over time, then every column of one report, worst first; a column opens
// to its own history and to training against production.
import { address } from "../../api/client";
import { useGet } from "../../api/query";
import type { DriftColumn, DriftReport, List, Prediction, Profile } from "../../api/types";
import { measure, moment, number, percent } from "../../format";
import { Ago, Badge, Card, Empty, Ready } from "../../parts/basics";
import { LineChart } from "../../parts/chart/line";
import { Histogram, Sparkline } from "../../parts/chart/small";
import { distribution } from "../../parts/distribution";
import {
  bandSeries,
  byTime,
  columnSeries,
  driftSeries,
  severity,
  shareTop,
} from "../../parts/drift";
import { type Column, Table } from "../../parts/table";
import { go, type Place, withQuery } from "../../router";

export function Drift({ name, place }: { name: string; place: Place }) {
  const reports = useGet<List<DriftReport>>(
    address("/endpoints/{}/drift", [name], { limit: 200 }),
    { on: ["drift."] },
  );
  return (
    <Ready of={reports} lines={6}>
      {(data) =>
        data.items.length === 0 ? (
          <Card>
            <Empty icon="warning" title="No drift report yet">
              A report is made for each full window of captured predictions, once the version has a
              reference: <code>reference.csv</code> among the run's artifacts, or one uploaded
              later.
            </Empty>
          </Card>
        ) : (
          <Reports reports={byTime(data.items)} place={place} name={name} />
        )
      }
    </Ready>
  );
}

function Reports({ reports, place, name }: { reports: DriftReport[]; place: Place; name: string }) {
  const latest = reports[reports.length - 1];
  const report = reports.find((r) => r.id === place.query.get("report")) ?? latest;
  if (!report) return null;
  const { series, marks } = driftSeries(reports);
  const opened = place.query.get("column");
  const column = report.columns.find((c) => c.name === opened);
  return (
    <div class="stack">
      <Card title="Share of drifted columns" note={`${reports.length} windows`}>
        <LineChart
          label={`Drift share of ${name} over time`}
          series={series}
          marks={marks}
          time
          dots={reports.length < 60}
          height={200}
          yMin={0}
          yMax={shareTop(reports, report.threshold)}
          format={(v) => percent(v)}
          threshold={{ value: report.threshold, label: `threshold ${percent(report.threshold)}` }}
        />
      </Card>
      {column && (
        <ColumnDetail
          column={column}
          report={report}
          reports={reports}
          name={name}
          close={withQuery(place, { column: null })}
        />
      )}
      <Card
        title="Columns, worst first"
        note={
          <>
            {report.rows} rows against v{report.version}'s reference · window{" "}
            {moment(report.window_start)} to {moment(report.window_end)}
          </>
        }
        actions={<ReportPicker reports={reports} current={report} place={place} />}
        flush
      >
        {report.error && <p class="body bad">{report.error}</p>}
        <Segments report={report} />
        <Columns report={report} reports={reports} place={place} />
      </Card>
    </div>
  );
}

// Where the change is.
function Segments({ report }: { report: DriftReport }) {
  if (!report.segments?.length) return null;
  return (
    <ul class="body">
      {report.segments.map((s) => (
        <li key={`${s.column}${s.conditions.join()}`}>
          <b>{s.column}</b>: the change is in <b>{s.conditions.join(", ")}</b>{" "}
          <span class="muted">
            (effect {number(s.effect, 2)} there, {number(s.effect_elsewhere, 2)} elsewhere)
          </span>
        </li>
      ))}
    </ul>
  );
}

function ReportPicker({
  reports,
  current,
  place,
}: {
  reports: DriftReport[];
  current: DriftReport;
  place: Place;
}) {
  const newest = [...reports].reverse();
  return (
    <>
      <Badge
        tone={current.dataset_drift ? "bad" : "good"}
        icon={current.dataset_drift ? "warning" : "check"}
      >
        {percent(current.drift_share)} drifted
      </Badge>
      <select
        class="input"
        aria-label="Window"
        value={current.id}
        onChange={(event) =>
          go(
            withQuery(place, {
              report:
                event.currentTarget.value === newest[0]?.id ? null : event.currentTarget.value,
            }),
            true,
          )
        }
      >
        {newest.map((r) => (
          <option key={r.id} value={r.id}>
            {moment(r.window_end)} · v{r.version} · {percent(r.drift_share)}
          </option>
        ))}
      </select>
    </>
  );
}

function Columns({
  report,
  reports,
  place,
}: {
  report: DriftReport;
  reports: DriftReport[];
  place: Place;
}) {
  const columns: Column<DriftColumn>[] = [
    {
      id: "name",
      title: "Column",
      cell: (c) => (
        <a class="name" href={withQuery(place, { column: c.name })}>
          {c.name}
        </a>
      ),
    },
    { id: "type", title: "Type", cell: (c) => <span class="faint">{c.type}</span> },
    {
      id: "verdict",
      title: "Verdict",
      cell: (c) =>
        c.error ? (
          <Badge tone="warn" icon="warning" title={c.error}>
            not tested
          </Badge>
        ) : (
          <Badge tone={c.drifted ? "bad" : "good"} icon={c.drifted ? "warning" : "check"}>
            {c.drifted ? "drifted" : "stable"}
          </Badge>
        ),
    },
    { id: "score", title: "Score", right: true, cell: (c) => measure(c.score, 3) },
    { id: "threshold", title: "Threshold", right: true, cell: (c) => number(c.threshold, 3) },
    {
      id: "method",
      title: "Method",
      cell: (c) => (
        <span class="faint">
          {c.method}
          {c.p_value !== null ? " (p-value)" : ""}
        </span>
      ),
    },
    { id: "statistic", title: "Statistic", right: true, cell: (c) => number(c.statistic, 3) },
    {
      id: "history",
      title: "Over time",
      cell: (c) => (
        <Sparkline
          label={`${c.name} over ${reports.length} windows`}
          values={columnSeries(reports, c.name).map((p) => p.y)}
          limit={c.threshold}
          from={0}
        />
      ),
    },
    { id: "error", title: "", wrap: true, cell: (c) => c.error ?? "" },
  ];
  const some = report.columns.some((c) => c.error) ? columns : columns.slice(0, -1);
  const rows = [...report.columns].sort(
    (a, b) =>
      Number(b.drifted) - Number(a.drifted) ||
      severity(b) - severity(a) ||
      a.name.localeCompare(b.name),
  );
  return (
    <Table
      label="Columns of the report"
      columns={some}
      rows={rows}
      rowKey={(c) => c.name}
      height={560}
      rowClass={(c) => (c.name === place.query.get("column") ? "diff" : "")}
    />
  );
}

function ColumnDetail({
  column,
  report,
  reports,
  name,
  close,
}: {
  column: DriftColumn;
  report: DriftReport;
  reports: DriftReport[];
  name: string;
  close: string;
}) {
  const usual = bandSeries(reports, column.name);
  const profile = useGet<Profile>(
    address("/models/{}/versions/{}/reference", [report.model, report.version]),
  );
  const recent = useGet<List<Prediction>>(
    address("/endpoints/{}/predictions", [name], { limit: 1000 }),
    { on: ["drift."] },
  );
  const reference = profile.data?.columns.find((c) => c.name === column.name);
  const current = (recent.data?.items ?? [])
    .map((p) => p.features?.[column.name])
    .filter((v) => v !== null && v !== undefined);
  const bins = reference ? distribution(reference, current) : null;
  return (
    <Card
      title={column.name}
      note={`${column.method ?? "not tested"}, flagged when ${column.p_value !== null ? "the p-value is at most" : "the distance is at least"} ${number(column.threshold)}`}
      actions={
        <a class="btn small" href={close}>
          Close
        </a>
      }
    >
      <div class="grid">
        <div class="span-6">
          <p class="label">Score over time</p>
          <LineChart
            label={`Score of ${column.name} over time`}
            time
            height={190}
            yMin={0}
            dots
            series={[{ name: "score", color: 1, points: columnSeries(reports, column.name) }]}
            threshold={
              column.threshold === null ? null : { value: column.threshold, label: "threshold" }
            }
          />
        </div>
        <div class="span-6">
          <p class="label">Training against production (latest captured predictions)</p>
          {bins ? (
            <Histogram
              label={`Distribution of ${column.name}`}
              names={["training", `production (${current.length})`]}
              bins={bins}
              over={Boolean(reference?.histogram)}
            />
          ) : profile.loading || recent.loading ? null : (
            <p class="faint">
              {profile.error ? profile.error.message : "No captured values of this column yet."}
            </p>
          )}
        </div>
        {usual.points.length > 0 && (
          <div class="span-12">
            <p class="label">
              {usual.measure} over time, and where it would be if nothing had changed (997 of 1,000
              windows)
            </p>
            <LineChart
              label={`${usual.measure} of ${column.name} over time, with the band of the reference`}
              time
              height={170}
              dots
              series={[{ name: usual.measure, color: 1, points: usual.points }]}
              band={usual.band}
            />
          </div>
        )}
      </div>
      <p class="small faint">
        Report <code>{report.id}</code> of <Ago at={report.window_end} />
      </p>
    </Card>
  );
}
