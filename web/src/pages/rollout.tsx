// SPDX-License-Identifier: Apache-2.0
// One rollout: its steps, the weight now, and the evidence of every check.
import { address, call } from "../api/client";
import { useGet } from "../api/query";
import type { Rollout, RolloutEvidence, RolloutStep } from "../api/types";
import { between, duration, moment, number } from "../format";
import { Ago, Badge, Card, Empty, Facts, Head, Ready, State } from "../parts/basics";
import { Confirm } from "../parts/confirm";
import { Icon } from "../parts/icons";
import { Split } from "../parts/split";
import { type Column, Table } from "../parts/table";
import { to } from "../router";

export function RolloutActions({ rollout, done }: { rollout: Rollout; done: () => void }) {
  const act = (verb: "pause" | "resume" | "abort") => async () => {
    await call("POST", address(`/rollouts/{}/${verb}`, [rollout.id]));
    done();
  };
  if (rollout.state !== "running" && rollout.state !== "paused") return null;
  return (
    <>
      {rollout.state === "running" ? (
        <Confirm
          button="Pause"
          icon="pause"
          title="Pause the rollout?"
          confirm="Pause it"
          run={act("pause")}
        >
          The weights stay as they are ({rollout.weight} % to v{rollout.challenger}) until somebody
          resumes.
        </Confirm>
      ) : (
        <Confirm
          button="Resume"
          icon="play"
          title="Resume the rollout?"
          confirm="Resume it"
          run={act("resume")}
        >
          It goes on at step {rollout.step + 1} with {rollout.weight} % to v{rollout.challenger}.
        </Confirm>
      )}
      <Confirm
        danger
        button="Abort"
        icon="stop"
        title="Abort the rollout?"
        confirm="Abort it"
        run={act("abort")}
      >
        All traffic goes back to v{rollout.champion} at once. v{rollout.challenger} stays
        registered.
      </Confirm>
    </>
  );
}

export function RolloutPage({ id }: { id: string }) {
  const rollout = useGet<Rollout>(address("/rollouts/{}", [id]), {
    on: ["rollout."],
    everyMs: 2000,
  });
  const data = rollout.data;
  return (
    <>
      <Head
        title={data ? `${data.model} v${data.champion} → v${data.challenger}` : "Rollout"}
        crumbs={[
          { text: "Endpoints", href: "#/endpoints" },
          ...(data ? [{ text: data.endpoint, href: to`/endpoints/${data.endpoint}` }] : []),
        ]}
        sub={
          data && (
            <>
              <State state={data.state} />
              <span class="muted">
                started <Ago at={data.started} />
              </span>
            </>
          )
        }
        actions={data && <RolloutActions rollout={data} done={rollout.refresh} />}
      />
      <Ready of={rollout} lines={6}>
        {(r) => (
          <>
            <Card
              title="Traffic"
              note={`step ${Math.min(r.step + 1, r.steps.length)} of ${r.steps.length}`}
            >
              <div class="stack">
                {mirrored(r) > 0 && (
                  <p class="muted">
                    v{r.challenger} gets copies of {mirrored(r)} % of the requests; nobody gets its
                    answers.
                  </p>
                )}
                <Split
                  parts={[
                    { name: `v${r.champion} champion`, weight: 100 - r.weight, color: 1 },
                    { name: `v${r.challenger} challenger`, weight: r.weight, color: 2 },
                  ]}
                />
                <div class="legend">
                  <span>
                    <i class="key block s1" /> v{r.champion} champion{" "}
                    <b class="num">{100 - r.weight} %</b>
                  </span>
                  <span>
                    <i class="key block s2" /> v{r.challenger} challenger{" "}
                    <b class="num">{r.weight} %</b>
                  </span>
                </div>
                <Steps rollout={r} />
              </div>
            </Card>
            <div class="grid">
              <Card
                class="span-8"
                title="Evidence"
                note="every check that was made, newest first"
                flush
              >
                <Evidence items={r.evidence} />
              </Card>
              <Card class="span-4" title="Outcome">
                <Facts
                  rows={[
                    ["State", <State state={r.state} />],
                    ["Reason", r.reason || "–"],
                    [
                      "Champion",
                      <a href={to`/models/${r.model}/versions/${r.champion}`}>v{r.champion}</a>,
                    ],
                    [
                      "Challenger",
                      <a href={to`/models/${r.model}/versions/${r.challenger}`}>v{r.challenger}</a>,
                    ],
                    ["Started", <span class="num">{moment(r.started)}</span>],
                    ["Took", <span class="num">{duration(between(r.started, r.ended))}</span>],
                  ]}
                />
              </Card>
            </div>
          </>
        )}
      </Ready>
    </>
  );
}

// Percent of the requests that are mirrored now.
export function mirrored(r: Rollout): number {
  if (r.state !== "running" && r.state !== "paused") return 0;
  return r.steps[r.step]?.shadow ?? 0;
}

export function conditions(step: RolloutStep): string {
  const parts: string[] = [];
  if (step.min_requests) parts.push(`${number(step.min_requests)} requests`);
  if (step.min_seconds) parts.push(duration(step.min_seconds));
  if (step.min_labels) parts.push(`${number(step.min_labels)} labels`);
  return parts.length ? `after ${parts.join(", ")}` : "at once";
}

function Steps({ rollout: r }: { rollout: Rollout }) {
  const won = r.state === "promoted";
  return (
    <ol class="steps">
      {r.steps.map((step, i) => {
        const state =
          won || i < r.step
            ? "done"
            : i === r.step
              ? r.state === "running"
                ? "now"
                : r.state === "paused"
                  ? "now"
                  : "stopped"
              : "later";
        return (
          <li
            key={`${step.weight}-${step.shadow ?? 0}-${i}`}
            class={state}
            aria-current={state === "now" ? "step" : undefined}
          >
            <span class="bead">
              {state === "done" ? (
                <Icon name="check" />
              ) : state === "stopped" ? (
                <Icon name="cross" />
              ) : (
                i + 1
              )}
            </span>
            <div class="col">
              <b class="num">{step.shadow ? "Shadow" : `${step.weight} %`}</b>
              <span class="small faint">{conditions(step)}</span>
            </div>
          </li>
        );
      })}
      <li class={won ? "done" : "later"}>
        <span class="bead">{won ? <Icon name="check" /> : <Icon name="up" />}</span>
        <div class="col">
          <b>Promote</b>
          <span class="small faint">v{r.challenger} becomes champion</span>
        </div>
      </li>
    </ol>
  );
}

const kBad = /fail|worse|roll|bad|reject|breach|red/i;
const kGood = /pass|ok|better|equal|advance|promot|green/i;

function Evidence({ items }: { items: RolloutEvidence[] }) {
  if (items.length === 0) {
    return (
      <Empty icon="rollout" title="No check yet">
        Errors, latency and labelled quality of both versions are compared when a step has enough
        requests.
      </Empty>
    );
  }
  const columns: Column<RolloutEvidence>[] = [
    { id: "at", title: "When", cell: (e) => <Ago at={e.at} /> },
    { id: "step", title: "Step", right: true, cell: (e) => e.step + 1 },
    { id: "check", title: "Check", cell: (e) => e.check.replace(/_/g, " ") },
    { id: "champion", title: "Champion", right: true, cell: (e) => number(e.champion) },
    { id: "challenger", title: "Challenger", right: true, cell: (e) => number(e.challenger) },
    {
      id: "verdict",
      title: "Verdict",
      cell: (e) => (
        <Badge tone={kBad.test(e.verdict) ? "bad" : kGood.test(e.verdict) ? "good" : "plain"}>
          {e.verdict.replace(/_/g, " ")}
        </Badge>
      ),
    },
    { id: "detail", title: "Detail", wrap: true, cell: (e) => e.detail },
  ];
  const newest = [...items].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <Table
      label="Evidence"
      columns={columns}
      rows={newest}
      rowKey={(e) => `${e.at}${e.check}${e.step}`}
    />
  );
}
