// SPDX-License-Identifier: Apache-2.0
// What a monitor found that somebody should see.
import { address, call } from "../api/client";
import { usePages } from "../api/pages";
import type { Alert } from "../api/types";
import { number } from "../format";
import { Ago, Badge, Card, Empty, Head, Pages, State, Tabs } from "../parts/basics";
import { Confirm } from "../parts/confirm";
import { type Column, Table } from "../parts/table";
import { type Place, to, withQuery } from "../router";

function columnsFor(refresh: () => void, withEndpoint: boolean): Column<Alert>[] {
  const act = async (alert: Alert, verb: "acknowledge" | "close") => {
    await call("POST", address(`/alerts/{}/${verb}`, [alert.id]));
    refresh();
  };
  return [
    { id: "state", title: "State", cell: (a) => <State state={a.state} /> },
    {
      id: "message",
      title: "What was found",
      wrap: true,
      cell: (a) => <a href={to`/alerts/${a.id}`}>{a.message}</a>,
    },
    { id: "kind", title: "Kind", cell: (a) => <Badge outline>{a.kind}</Badge> },
    ...(withEndpoint
      ? [
          {
            id: "endpoint",
            title: "Endpoint",
            cell: (a: Alert) => (
              <a class="name" href={`${to`/endpoints/${a.endpoint}`}?tab=drift`}>
                {a.endpoint}
              </a>
            ),
          },
        ]
      : []),
    {
      id: "version",
      title: "Version",
      cell: (a) =>
        a.model ? (
          <a href={to`/models/${a.model}/versions/${a.version}`}>
            {a.model} v{a.version}
          </a>
        ) : (
          ""
        ),
    },
    { id: "value", title: "Value", right: true, cell: (a) => number(a.value) },
    { id: "threshold", title: "Threshold", right: true, cell: (a) => number(a.threshold) },
    { id: "opened", title: "Opened", cell: (a) => <Ago at={a.opened} /> },
    {
      id: "execution",
      title: "Retraining",
      cell: (a) =>
        a.execution_id ? (
          <a href={to`/executions/${a.execution_id}`}>execution</a>
        ) : (
          <span class="faint">–</span>
        ),
    },
    {
      id: "act",
      title: "",
      cell: (a) =>
        a.state === "closed" ? (
          <span class="faint small">
            closed <Ago at={a.closed} />
          </span>
        ) : (
          <span class="row">
            {a.state === "open" && (
              <button type="button" class="btn small" onClick={() => act(a, "acknowledge")}>
                Acknowledge
              </button>
            )}
            <Confirm
              small
              button="Close"
              title="Close this alert?"
              confirm="Close it"
              run={() => act(a, "close")}
            >
              {a.message}. It opens again when the next window is over the threshold.
            </Confirm>
          </span>
        ),
    },
  ];
}

const kStates = ["open", "acknowledged", "closed"];

export function AlertTable({
  alerts,
  refresh,
  withEndpoint = true,
  next,
}: {
  alerts: Alert[];
  refresh: () => void;
  withEndpoint?: boolean;
  next?: () => void;
}) {
  const rows = [...alerts].sort(
    (a, b) =>
      kStates.indexOf(a.state) - kStates.indexOf(b.state) ||
      Date.parse(b.opened) - Date.parse(a.opened),
  );
  return (
    <Table
      label="Alerts"
      columns={columnsFor(refresh, withEndpoint)}
      rows={rows}
      rowKey={(a) => a.id}
      height={next && 680}
      onEnd={next}
    />
  );
}

export function AlertsPage({ place }: { place: Place }) {
  const state = place.query.get("state") ?? "";
  const alerts = usePages<Alert>(
    (token) => address("/alerts", [], { state, page_token: token }),
    ["alert."],
  );
  return (
    <>
      <Head title="Alerts" sub="What a monitor found that somebody should see." />
      <Tabs
        label="State of the alerts"
        current={state}
        href={(id) => withQuery(place, { state: id })}
        tabs={[
          { id: "", text: "All" },
          { id: "open", text: "Open" },
          { id: "acknowledged", text: "Acknowledged" },
          { id: "closed", text: "Closed" },
        ]}
      />
      <Card flush>
        <Pages of={alerts}>
          {(items) =>
            items.length === 0 ? (
              <Empty icon="check" title={state ? `No ${state} alerts` : "No alerts"}>
                An alert opens when drift, quality, errors, latency, load, outliers, data or
                business pass their thresholds.
              </Empty>
            ) : (
              <AlertTable alerts={items} refresh={alerts.refresh} next={alerts.next} />
            )
          }
        </Pages>
      </Card>
    </>
  );
}
