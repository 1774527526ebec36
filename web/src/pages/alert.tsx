// SPDX-License-Identifier: Apache-2.0
// One alert and all that came of it, as one trace: retraining, gate, rollout, promotion.
import { address } from "../api/client";
import { useGet } from "../api/query";
import type { Alert, Chain, ChainSpan } from "../api/types";
import { between, duration, moment, number } from "../format";
import { Ago, Badge, Card, Empty, Facts, Head, Ready, State } from "../parts/basics";
import { type Column, Table } from "../parts/table";
import { Trace } from "../parts/trace";
import { to } from "../router";

export function AlertPage({ id }: { id: string }) {
  const on = ["alert.", "execution.", "rollout.", "gate."];
  const alert = useGet<Alert>(address("/alerts/{}", [id]), { on, everyMs: 5000 });
  const chain = useGet<Chain>(address("/alerts/{}/trace", [id]), { on, everyMs: 3000 });
  const data = alert.data;
  return (
    <>
      <Head
        title={data ? `${data.kind} at ${data.endpoint}` : "Alert"}
        crumbs={[{ text: "Alerts", href: "#/alerts" }]}
        sub={
          data && (
            <>
              <State state={data.state} />
              <span class="muted">
                opened <Ago at={data.opened} />
              </span>
            </>
          )
        }
      />
      <Ready of={alert} lines={4}>
        {(a) => (
          <Card title="What was found">
            <Facts
              rows={[
                ["Message", a.message],
                [
                  "Endpoint",
                  <a href={`${to`/endpoints/${a.endpoint}`}?tab=drift`}>{a.endpoint}</a>,
                ],
                ["Version", `${a.model} v${a.version}`],
                ["Value", `${number(a.value)} where the limit is ${number(a.threshold)}`],
                ["Severity", <Badge outline>{a.severity ?? "warning"}</Badge>],
                ["Owner", a.owner || "–"],
                [
                  "Closed",
                  a.closed ? `${moment(a.closed)}, ${a.closed_by ?? ""}` : "it is still open",
                ],
                ["Retraining", a.retrain_note || (a.execution_id ? "started" : "none")],
              ]}
            />
          </Card>
        )}
      </Ready>
      <Ready of={chain} lines={6}>
        {(c) => (
          <>
            <Card
              title="What came of it"
              note={
                <>
                  one trace, <code>{c.trace_id}</code>
                </>
              }
              flush
            >
              {c.spans.length < 2 ? (
                <Empty icon="pipelines" title="Nothing yet">
                  A rule <code>retrain</code> of the endpoint starts a pipeline; what it makes of it
                  is shown here, up to the promotion.
                </Empty>
              ) : (
                <Trace spans={c.spans} />
              )}
            </Card>
            {c.spans.length > 1 && (
              <Card title="Step by step" flush>
                <Spans spans={c.spans} />
              </Card>
            )}
          </>
        )}
      </Ready>
    </>
  );
}

function Spans({ spans }: { spans: ChainSpan[] }) {
  const columns: Column<ChainSpan>[] = [
    { id: "at", title: "When", cell: (s) => <span class="num">{moment(s.started)}</span> },
    { id: "kind", title: "Kind", cell: (s) => <Badge outline>{s.kind.replace("_", " ")}</Badge> },
    {
      id: "name",
      title: "What",
      cell: (s) => (s.link ? <a href={`#${s.link}`}>{s.name}</a> : s.name),
    },
    {
      id: "took",
      title: "Took",
      right: true,
      cell: (s) => (s.ended === s.started ? "" : duration(between(s.started, s.ended))),
    },
    { id: "text", title: "Why", wrap: true, cell: (s) => s.text },
  ];
  return <Table label="Spans" columns={columns} rows={spans} rowKey={(s) => s.span_id} />;
}
