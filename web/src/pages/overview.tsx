// SPDX-License-Identifier: Apache-2.0
// The loop at a glance: what is in production, how it is doing, and what was decided and why.
import { useGet } from "../api/query";
import type { DriftReport, List, Overview, OverviewEndpoint } from "../api/types";
import { compact, kUnknown, millis, percent } from "../format";
import { Ago, Badge, Card, Empty, Head, Ready, Stats, type Tone } from "../parts/basics";
import { LineChart } from "../parts/chart/line";
import { driftSeries, shareTop } from "../parts/drift";
import { Split } from "../parts/split";
import { Timeline } from "../parts/timeline";
import { to } from "../router";

const kLight: Record<string, { tone: Tone; text: string }> = {
  green: { tone: "good", text: "Healthy" },
  amber: { tone: "warn", text: "Needs a look" },
  red: { tone: "bad", text: "In trouble" },
};

export function OverviewPage() {
  const overview = useGet<Overview>("/api/v1/overview", {
    on: ["alert.", "rollout.", "gate.", "drift.", "endpoint.", "model.", "execution."],
    everyMs: 3000,
  });
  return (
    <>
      <Head
        title="Overview"
        sub="What is in production, how it is doing, and what was decided about it."
      />
      <Ready of={overview} lines={8}>
        {(data) => (
          <>
            {data.endpoints.length > 0 && <Totals endpoints={data.endpoints} />}
            <div class="grid">
              <div class="span-8 stack">
                {data.endpoints.length === 0 && (
                  <Card>
                    <Empty
                      icon="endpoints"
                      title="Nothing is in production yet"
                      command="slipway endpoint create delays --model flights --alias champion"
                    >
                      Register a model, give one version the alias <b>champion</b>, then open an
                      endpoint for it.
                    </Empty>
                  </Card>
                )}
                {data.endpoints.map((endpoint) => (
                  <EndpointCard key={endpoint.name} endpoint={endpoint} />
                ))}
              </div>
              <Card class="span-4" title="What was decided" note="newest first" flush>
                {data.timeline.length === 0 ? (
                  <Empty icon="gate" title="No decisions yet">
                    Promotions, gate decisions, alerts, rollouts and retrainings are listed here
                    with their evidence.
                  </Empty>
                ) : (
                  <Timeline entries={data.timeline} />
                )}
              </Card>
            </div>
          </>
        )}
      </Ready>
    </>
  );
}

function Totals({ endpoints }: { endpoints: OverviewEndpoint[] }) {
  const known = (values: (number | null)[]) => values.filter((v): v is number => v !== null);
  const rates = known(endpoints.map((e) => e.requests_per_s));
  const p99 = known(endpoints.map((e) => e.p99_ms));
  const healthy = endpoints.filter((e) => e.health === "green").length;
  const alerts = endpoints.reduce((sum, e) => sum + e.open_alerts, 0);
  const rollouts = endpoints.filter((e) => e.rollout).length;
  return (
    <Stats
      items={[
        {
          name: "Healthy endpoints",
          value: healthy,
          note: `of ${endpoints.length}`,
          tone: healthy === endpoints.length ? "plain" : "warn",
        },
        {
          name: "Requests",
          value: rates.length ? compact(rates.reduce((a, b) => a + b, 0)) : kUnknown,
          note: "/s",
        },
        { name: "Slowest p99", value: p99.length ? millis(Math.max(...p99)) : kUnknown },
        {
          name: "Open alerts",
          value: <a href="#/alerts">{alerts}</a>,
          tone: alerts > 0 ? "bad" : "plain",
        },
        { name: "Rollouts under way", value: rollouts },
      ]}
    />
  );
}

function EndpointCard({ endpoint }: { endpoint: OverviewEndpoint }) {
  const light = kLight[endpoint.health] ?? { tone: "plain" as Tone, text: endpoint.health };
  return (
    <section class="card endpoint-card">
      <div class="endpoint-head">
        <span class={`light ${light.tone}`} aria-hidden="true" />
        <div class="col grow">
          <div class="row wrap">
            <a class="endpoint-name" href={to`/endpoints/${endpoint.name}`}>
              {endpoint.name}
            </a>
            <Badge tone={light.tone}>{light.text}</Badge>
            {endpoint.model && (
              <a
                class="muted"
                href={
                  endpoint.champion_version
                    ? to`/models/${endpoint.model}/versions/${endpoint.champion_version}`
                    : to`/models/${endpoint.model}`
                }
              >
                {endpoint.model} {endpoint.champion_version && `v${endpoint.champion_version}`}
              </a>
            )}
          </div>
          <p class="muted">{endpoint.reason}</p>
        </div>
        <dl class="endpoint-numbers">
          <div>
            <dt>req/s</dt>
            <dd>{compact(endpoint.requests_per_s)}</dd>
          </div>
          <div>
            <dt>p99</dt>
            <dd>{millis(endpoint.p99_ms)}</dd>
          </div>
          <div>
            <dt>drift share</dt>
            <dd
              class={
                endpoint.drift_share !== null &&
                endpoint.drift_threshold !== null &&
                endpoint.drift_share >= endpoint.drift_threshold
                  ? "bad"
                  : ""
              }
            >
              {percent(endpoint.drift_share)}
            </dd>
          </div>
          <div>
            <dt>alerts</dt>
            <dd class={endpoint.open_alerts > 0 ? "bad" : ""}>
              {endpoint.open_alerts > 0 ? (
                <a href={`${to`/endpoints/${endpoint.name}`}?tab=alerts`}>{endpoint.open_alerts}</a>
              ) : (
                0
              )}
            </dd>
          </div>
        </dl>
      </div>
      {endpoint.rollout && (
        <a class="endpoint-rollout" href={to`/rollouts/${endpoint.rollout.id}`}>
          <span class="row">
            <Badge tone="accent" icon="rollout">
              Rollout
            </Badge>
            <span class="muted">
              {endpoint.rollout.weight > 0
                ? `v${endpoint.rollout.challenger} takes ${endpoint.rollout.weight} % of the traffic, v${endpoint.champion_version} the rest`
                : `v${endpoint.rollout.challenger} is a shadow of v${endpoint.champion_version}`}
            </span>
          </span>
          <Split
            parts={[
              {
                name: `v${endpoint.champion_version} champion`,
                weight: 100 - endpoint.rollout.weight,
                color: 1,
              },
              {
                name: `v${endpoint.rollout.challenger} challenger`,
                weight: endpoint.rollout.weight,
                color: 2,
              },
            ]}
          />
        </a>
      )}
      <DriftOverTime endpoint={endpoint} />
    </section>
  );
}

function DriftOverTime({ endpoint }: { endpoint: OverviewEndpoint }) {
  const reports = useGet<List<DriftReport>>(
    `/api/v1/endpoints/${encodeURIComponent(endpoint.name)}/drift?limit=120`,
    { on: ["drift.", "alert."] },
  );
  const items = reports.data?.items ?? [];
  if (items.length === 0) {
    return (
      <div class="endpoint-drift faint small">
        {reports.data
          ? "No drift report yet: one is made when a full window of predictions was captured and the version has a reference."
          : ""}
      </div>
    );
  }
  const { series, marks } = driftSeries(items);
  const latest = items.reduce((a, b) => (a.window_end > b.window_end ? a : b));
  return (
    <div class="endpoint-drift">
      <div class="row small faint">
        <span>Share of drifted columns</span>
        <span class="push">
          last window <Ago at={latest.window_end} />
        </span>
      </div>
      <LineChart
        label={`Drift share of ${endpoint.name} over time, threshold ${percent(endpoint.drift_threshold)}`}
        series={series}
        marks={marks}
        time
        height={150}
        yMin={0}
        yMax={shareTop(items, endpoint.drift_threshold)}
        dots={items.length < 40}
        legend={false}
        format={(value) => percent(value)}
        threshold={
          endpoint.drift_threshold === null
            ? null
            : {
                value: endpoint.drift_threshold,
                label: `threshold ${percent(endpoint.drift_threshold)}`,
              }
        }
      />
    </div>
  );
}
