// SPDX-License-Identifier: Apache-2.0
// Spans of one trace on one axis, each below its parent.
import type { ChainSpan } from "../api/types";
import { between, duration } from "../format";
import { useNow } from "./basics";
import { ticks } from "./chart/scale";

const kTone: Record<string, string> = { ok: "good", error: "bad", running: "accent" };

export interface Placed {
  span: ChainSpan;
  depth: number;
}

// Parents before their children, siblings by their start; a span whose parent is missing is a root.
export function inOrder(spans: ChainSpan[]): Placed[] {
  const known = new Set(spans.map((s) => s.span_id));
  const out: Placed[] = [];
  const below = (parent: string | null, depth: number) => {
    for (const span of spans) {
      const own = span.parent_id && known.has(span.parent_id) ? span.parent_id : null;
      if (own !== parent) continue;
      out.push({ span, depth });
      below(span.span_id, depth + 1);
    }
  };
  below(null, 0);
  return out;
}

export function Trace({ spans }: { spans: ChainSpan[] }) {
  const now = useNow(1000);
  const until = Math.max(...spans.map((s) => (s.ended ? Date.parse(s.ended) : now)));
  const from = Math.min(...spans.map((s) => Date.parse(s.started)));
  const whole = Math.max(1, until - from);
  return (
    <div class="gantt">
      <ol>
        {inOrder(spans).map(({ span, depth }) => {
          const start = Date.parse(span.started);
          const end = span.ended ? Date.parse(span.ended) : now;
          const left = Math.min(0.997, (start - from) / whole);
          const width = Math.min(1 - left, Math.max(0.003, (end - start) / whole));
          return (
            <li key={span.span_id}>
              <a href={`#${span.link ?? "/alerts"}`} title={span.text}>
                <span class="clip" style={{ paddingLeft: `${depth * 14}px` }}>
                  <i class={`dot ${kTone[span.status] ?? ""}`} /> {span.name}
                </span>
                <span class="lane">
                  <i
                    class={`bar-of ${kTone[span.status] ?? ""}`}
                    style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
                  />
                </span>
                <span class="num small muted">
                  {span.ended === span.started
                    ? ""
                    : duration(between(span.started, span.ended, now))}
                </span>
                <span class="small faint">{span.kind.replace("_", " ")}</span>
              </a>
            </li>
          );
        })}
      </ol>
      <div class="gantt-axis num" aria-hidden="true">
        {ticks(0, whole / 1000, 5).map((t) => (
          <span key={t} style={{ left: `${((t * 1000) / whole) * 100}%` }}>
            {t === 0 ? "0" : duration(t)}
          </span>
        ))}
      </div>
    </div>
  );
}
