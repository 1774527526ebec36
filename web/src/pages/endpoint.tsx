// SPDX-License-Identifier: Apache-2.0
// One endpoint: its routes and live numbers; drift, quality, predictions, rollouts and alerts behind
// tabs; and the brake.
import { address, call } from "../api/client";
import { usePages } from "../api/pages";
import { useGet } from "../api/query";
import type { Alert, Endpoint, List, Overview, Rollout } from "../api/types";
import { Ago, Badge, Card, Empty, Head, Pages, Ready, State, Tabs, Trouble } from "../parts/basics";
import { Confirm } from "../parts/confirm";
import { type Column, Table } from "../parts/table";
import { type Place, to, withQuery } from "../router";
import { AlertTable } from "./alerts";
import { Drift } from "./endpoint/drift";
import { Predictions } from "./endpoint/predictions";
import { Quality } from "./endpoint/quality";
import { Settings } from "./endpoint/settings";
import { StartRollout } from "./endpoint/start";
import { Traffic } from "./endpoint/traffic";
import { RolloutActions } from "./rollout";

export function EndpointPage({ name, place }: { name: string; place: Place }) {
  const endpoint = useGet<Endpoint>(address("/endpoints/{}", [name]), {
    on: ["endpoint.", "rollout.", "model."],
    everyMs: 2000,
  });
  const overview = useGet<Overview>("/api/v1/overview", {
    on: ["alert.", "drift.", "rollout."],
    everyMs: 5000,
  });
  const alerts = usePages<Alert>(
    (token) => address("/alerts", [], { endpoint: name, page_token: token }),
    ["alert."],
  );
  const rollouts = useGet<List<Rollout>>(address("/rollouts", [], { endpoint: name }), {
    on: ["rollout."],
    everyMs: 5000,
  });
  const tab = place.query.get("tab") ?? "traffic";
  const facts = overview.data?.endpoints.find((e) => e.name === name);
  const ours = (rollouts.data?.items ?? []).filter((r) => r.endpoint === name);
  const running = ours.find((r) => r.state === "running" || r.state === "paused");
  const open = facts?.open_alerts ?? 0;
  const rollback = async (reason: string) => {
    await call("POST", address("/endpoints/{}/rollback", [name]), { reason });
    endpoint.refresh();
    rollouts.refresh();
  };
  return (
    <>
      <Head
        title={name}
        crumbs={[{ text: "Endpoints", href: "#/endpoints" }]}
        sub={
          facts && (
            <>
              <Badge tone={{ green: "good", amber: "warn", red: "bad" }[facts.health] as "good"}>
                {{ green: "healthy", amber: "needs a look", red: "in trouble" }[facts.health] ??
                  facts.health}
              </Badge>
              <span>{facts.reason}</span>
            </>
          )
        }
        actions={
          <>
            {!running && endpoint.data && (
              <StartRollout endpoint={endpoint.data} done={rollouts.refresh} />
            )}
            {running && <RolloutActions rollout={running} done={rollouts.refresh} />}
            <Confirm
              danger
              button="Roll back"
              icon="back"
              title={`Roll ${name} back?`}
              confirm="Roll back now"
              ask="Reason (kept in the history)"
              run={rollback}
            >
              The previous champion takes all traffic again, in under a second. A running rollout
              ends.
            </Confirm>
          </>
        }
      />
      <Tabs
        label="Parts of the endpoint"
        current={tab}
        href={(id) => withQuery(place, { tab: id === "traffic" ? null : id, column: null })}
        tabs={[
          { id: "traffic", text: "Traffic" },
          { id: "drift", text: "Drift" },
          { id: "quality", text: "Quality" },
          { id: "predictions", text: "Predictions" },
          { id: "rollouts", text: "Rollouts", count: ours.length || null },
          { id: "alerts", text: "Alerts", count: open ? `${open} open` : null },
          { id: "settings", text: "Monitor" },
        ]}
      />
      {tab === "traffic" && (
        <Ready of={endpoint} lines={6}>
          {(data) => <Traffic endpoint={data} />}
        </Ready>
      )}
      {tab === "drift" && <Drift name={name} place={place} />}
      {tab === "quality" && <Quality name={name} />}
      {tab === "predictions" && <Predictions name={name} />}
      {tab === "settings" && <Settings name={name} />}
      {tab === "alerts" && (
        <Card flush>
          <Pages of={alerts}>
            {(items) =>
              items.length === 0 ? (
                <Empty icon="check" title="No alerts">
                  An alert opens when drift, quality, errors, latency, outliers, data or business
                  pass their bounds.
                </Empty>
              ) : (
                <AlertTable
                  alerts={items}
                  refresh={alerts.refresh}
                  withEndpoint={false}
                  next={alerts.next}
                />
              )
            }
          </Pages>
        </Card>
      )}
      {tab === "rollouts" && <Rollouts name={name} />}
    </>
  );
}

const kRollouts: Column<Rollout>[] = [
  {
    id: "change",
    title: "Change",
    cell: (r) => (
      <a class="name num" href={to`/rollouts/${r.id}`}>
        {r.model} v{r.champion} → v{r.challenger}
      </a>
    ),
  },
  { id: "state", title: "State", cell: (r) => <State state={r.state} /> },
  { id: "weight", title: "Weight", right: true, cell: (r) => `${r.weight} %` },
  { id: "started", title: "Started", cell: (r) => <Ago at={r.started} /> },
  { id: "reason", title: "Why", wrap: true, cell: (r) => r.reason || <span class="faint">–</span> },
];

function Rollouts({ name }: { name: string }) {
  const rollouts = usePages<Rollout>(
    (token) => address("/rollouts", [], { endpoint: name, page_token: token }),
    ["rollout."],
  );
  const { items, error } = rollouts;
  return (
    <Card flush>
      {error && <Trouble error={error} />}
      {items.length === 0 ? (
        <Empty
          icon="rollout"
          title="No rollouts yet"
          command={`slipway rollout start ${name} --version 2 --steps 5,50,100`}
        >
          A rollout moves traffic to a challenger step by step, while the numbers agree.
        </Empty>
      ) : (
        <Table
          label="Rollouts"
          columns={kRollouts}
          rows={[...items].sort((a, b) => Date.parse(b.started) - Date.parse(a.started))}
          rowKey={(r) => r.id}
          height={680}
          onEnd={rollouts.next}
        />
      )}
    </Card>
  );
}
