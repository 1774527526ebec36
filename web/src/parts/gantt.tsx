// SPDX-License-Identifier: Apache-2.0
// When each step ran, on one axis.
import type { Execution, StepExecution } from "../api/types";
import { between, duration } from "../format";
import { useNow } from "./basics";
import { ticks } from "./chart/scale";

export function stepKey(step: StepExecution): string {
  return step.index === null || step.index === undefined
    ? step.name
    : `${step.name}[${step.index}]`;
}

const kTone: Record<string, string> = {
  succeeded: "good",
  cached: "plain",
  skipped: "plain",
  failed: "bad",
  timed_out: "bad",
  running: "accent",
  cancelled: "warn",
  waiting: "plain",
  approval: "warn",
};

// Left edge and width of a bar as shares of the whole.
export function place(
  step: StepExecution,
  from: number,
  until: number,
  now: number,
): { left: number; width: number } | null {
  if (!step.started) return null;
  const start = Date.parse(step.started);
  const end = step.ended ? Date.parse(step.ended) : now;
  const span = Math.max(1, until - from);
  const left = Math.min(1, Math.max(0, (start - from) / span));
  return { left, width: Math.min(1 - left, Math.max(0.003, (end - start) / span)) };
}

export function Gantt({
  execution,
  current,
  href,
}: {
  execution: Execution;
  current: string;
  href: (step: StepExecution) => string;
}) {
  const now = useNow(1000);
  const starts = execution.steps
    .map((s) => (s.started ? Date.parse(s.started) : Number.NaN))
    .filter(Number.isFinite);
  const from = execution.started ? Date.parse(execution.started) : Math.min(now, ...starts);
  const until = execution.ended ? Date.parse(execution.ended) : now;
  const span = Math.max(0.001, (until - from) / 1000);
  return (
    <div class="gantt">
      <ol>
        {execution.steps.map((step) => {
          const bar = place(step, from, until, now);
          const key = stepKey(step);
          return (
            <li key={key}>
              <a href={href(step)} aria-current={key === current ? "true" : undefined}>
                <span class="clip">
                  <i class={`dot ${kTone[step.status] ?? ""}`} /> {key}
                </span>
                <span class="lane">
                  {bar ? (
                    <i
                      class={`bar-of ${kTone[step.status] ?? ""}`}
                      style={{ left: `${bar.left * 100}%`, width: `${bar.width * 100}%` }}
                    />
                  ) : (
                    <span class="small faint">{step.status}</span>
                  )}
                </span>
                <span class="num small muted">
                  {step.started ? duration(between(step.started, step.ended, now)) : ""}
                </span>
                <span class="small faint">
                  {step.attempts > 1 ? `${step.attempts} attempts` : step.status.replace("_", " ")}
                </span>
              </a>
            </li>
          );
        })}
      </ol>
      <div class="gantt-axis num" aria-hidden="true">
        {ticks(0, span, 5).map((t) => (
          <span key={t} style={{ left: `${(t / span) * 100}%` }}>
            {t === 0 ? "0" : duration(t)}
          </span>
        ))}
      </div>
    </div>
  );
}
