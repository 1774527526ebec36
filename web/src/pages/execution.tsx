// SPDX-License-Identifier: Apache-2.0
// One execution: when each step ran, its attempts, and its output as it is written.
import { address, call } from "../api/client";
import { useGet } from "../api/query";
import type { Execution, StepExecution } from "../api/types";
import { between, duration, moment, number } from "../format";
import { Ago, Badge, Card, Copy, Empty, Facts, Head, Ready, State } from "../parts/basics";
import { Confirm } from "../parts/confirm";
import { Gantt, stepKey } from "../parts/gantt";
import { Graph } from "../parts/graph";
import { LogTail } from "../parts/log";
import { type Place, withQuery } from "../router";

export function ExecutionPage({ id, place }: { id: string; place: Place }) {
  const execution = useGet<Execution>(address("/executions/{}", [id]), {
    on: ["execution."],
    everyMs: 2000,
  });
  const data = execution.data;
  const over = data && data.status !== "running" && data.status !== "queued";
  const act = (verb: "cancel" | "resume") => async () => {
    await call("POST", address(`/executions/{}/${verb}`, [id]));
    execution.refresh();
  };
  return (
    <>
      <Head
        title={data?.pipeline || "Execution"}
        crumbs={[{ text: "Pipelines", href: "#/pipelines" }]}
        sub={
          data && (
            <>
              <State state={data.status} />
              <Badge outline>{data.trigger.kind}</Badge>
              <span class="mono small">{id}</span>
              <Copy text={id} label="Copy the id" />
            </>
          )
        }
        actions={
          data &&
          (over ? (
            data.status !== "succeeded" && (
              <Confirm
                button="Resume"
                icon="play"
                title="Resume this execution?"
                confirm="Resume it"
                run={act("resume")}
              >
                Steps that succeeded are kept; it goes on where it ended.
              </Confirm>
            )
          ) : (
            <Confirm
              danger
              button="Cancel"
              icon="stop"
              title="Cancel this execution?"
              confirm="Cancel it"
              run={act("cancel")}
            >
              Running steps are ended. It can be resumed later.
            </Confirm>
          ))
        }
      />
      <Ready of={execution} lines={8}>
        {(e) => <Details execution={e} place={place} />}
      </Ready>
    </>
  );
}

function chosenStep(steps: StepExecution[], key: string | null): StepExecution | undefined {
  return (
    steps.find((s) => stepKey(s) === key) ??
    steps.find((s) => s.status === "failed" || s.status === "timed_out") ??
    steps.find((s) => s.status === "running") ??
    steps[steps.length - 1]
  );
}

function Details({ execution: e, place }: { execution: Execution; place: Place }) {
  const steps = e.steps ?? [];
  const step = chosenStep(steps, place.query.get("step"));
  const href = (s: StepExecution) => withQuery(place, { step: stepKey(s), attempt: null });
  const params = Object.entries(e.params ?? {});
  return (
    <div class="stack">
      {steps.some((s) => s.needs?.length) && (
        <Card title="Steps" note="each after what it needs">
          <Graph steps={steps} current={step ? stepKey(step) : ""} href={href} />
        </Card>
      )}
      <div class="grid">
        <Card class="span-8" title="Timeline" note={duration(between(e.started, e.ended))} flush>
          {steps.length === 0 ? (
            <Empty icon="pipelines" title="No step has started" />
          ) : (
            <Gantt execution={e} current={step ? stepKey(step) : ""} href={href} />
          )}
        </Card>
        <Card class="span-4" title="Execution">
          <Facts
            rows={[
              ["Started", <span class="num">{moment(e.started)}</span>],
              ["Took", <span class="num">{duration(between(e.started, e.ended))}</span>],
              ["Started by", [e.trigger.kind, e.trigger.detail].filter(Boolean).join(": ")],
              ...params.map(([key, value]): [string, string] => [
                key,
                typeof value === "string" ? value : JSON.stringify(value),
              ]),
            ]}
          />
        </Card>
      </div>
      {step && <StepCard execution={e} step={step} place={place} />}
    </div>
  );
}

function StepCard({
  execution,
  step,
  place,
}: {
  execution: Execution;
  step: StepExecution;
  place: Place;
}) {
  const wanted = Number(place.query.get("attempt"));
  const attempt = wanted >= 1 && wanted <= step.attempts ? wanted : Math.max(1, step.attempts);
  const running = step.status === "running" || execution.status === "running";
  return (
    <Card
      title={stepKey(step)}
      note={
        <span class="row">
          <State state={step.status} />
          {step.exit_code !== null && step.exit_code !== undefined && (
            <span class="num">exit code {number(step.exit_code)}</span>
          )}
          <span class="num">{duration(between(step.started, step.ended))}</span>
          {step.started && <Ago at={step.started} />}
        </span>
      }
      actions={
        step.attempts > 1 && (
          <div class="row" role="group" aria-label="Attempts">
            {Array.from({ length: step.attempts }, (_, i) => (
              <a
                key={i}
                class={`btn small${i + 1 === attempt ? " primary" : ""}`}
                href={withQuery(place, { step: stepKey(step), attempt: String(i + 1) })}
              >
                Attempt {i + 1}
              </a>
            ))}
          </div>
        )
      }
      flush
    >
      {step.status === "approval" && <Question execution={execution} step={step} />}
      {step.error && step.status !== "approval" && <p class="body bad">{step.error}</p>}
      {step.attempts === 0 ||
      step.status === "approval" ||
      step.status === "skipped" ||
      step.status === "cached" ||
      step.status === "waiting" ? (
        <p class="body faint">
          {step.status === "approval"
            ? "It waits for an answer."
            : step.status === "cached"
              ? "Its inputs did not change: the earlier outputs were taken."
              : "It did not run, so there is no output."}
        </p>
      ) : (
        <LogTail
          key={`${stepKey(step)}/${attempt}`}
          execution={execution.run_id}
          step={step.name}
          index={step.index}
          attempt={attempt}
          running={running}
        />
      )}
    </Card>
  );
}

// A step that asks a person.
function Question({ execution, step }: { execution: Execution; step: StepExecution }) {
  const answer = (approved: boolean) => async () => {
    await call("POST", address("/executions/{}/decisions", [execution.run_id]), {
      step: step.name,
      index: step.index,
      approved,
    });
  };
  return (
    <div class="body row">
      <span>{step.error || "Go on?"}</span>
      <Confirm
        button="Approve"
        icon="play"
        title={`Approve ${stepKey(step)}?`}
        confirm="Approve it"
        run={answer(true)}
      >
        The execution goes on.
      </Confirm>
      <Confirm
        danger
        button="Reject"
        icon="stop"
        title={`Reject ${stepKey(step)}?`}
        confirm="Reject it"
        run={answer(false)}
      >
        The step fails, and what needs it is skipped.
      </Confirm>
    </div>
  );
}
