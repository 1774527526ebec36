// SPDX-License-Identifier: Apache-2.0
// The steps as a graph from left to right; items of a foreach are one node.
import type { StepExecution } from "../api/types";
import { stepKey } from "./gantt";

interface Node {
  name: string;
  needs: string[];
  items: StepExecution[];
  column: number;
  row: number;
}

// Each step one column to the right of the last thing it needs. Unknown needs and cycles (which the
// server refuses) do not hang it.
export function layout(steps: StepExecution[]): Node[] {
  const nodes = new Map<string, Node>();
  for (const step of steps) {
    const known = nodes.get(step.name);
    if (known) known.items.push(step);
    else
      nodes.set(step.name, {
        name: step.name,
        needs: step.needs ?? [],
        items: [step],
        column: 0,
        row: 0,
      });
  }
  for (let round = 0; round < nodes.size; ++round) {
    let moved = false;
    for (const node of nodes.values()) {
      const column = Math.max(0, ...node.needs.map((need) => (nodes.get(need)?.column ?? -1) + 1));
      if (column > node.column && column < nodes.size) {
        node.column = column;
        moved = true;
      }
    }
    if (!moved) break;
  }
  const rows = new Map<number, number>();
  for (const node of nodes.values()) {
    node.row = rows.get(node.column) ?? 0;
    rows.set(node.column, node.row + 1);
  }
  return [...nodes.values()];
}

const kOrder = [
  "failed",
  "timed_out",
  "approval",
  "running",
  "cancelled",
  "waiting",
  "skipped",
  "succeeded",
  "cached",
];

function worst(items: StepExecution[]): string {
  return (
    kOrder.find((status) => items.some((s) => s.status === status)) ?? items[0]?.status ?? "waiting"
  );
}

const kWidth = 150;
const kHeight = 40;
const kGapX = 44;
const kGapY = 14;

export function Graph({
  steps,
  current,
  href,
}: {
  steps: StepExecution[];
  current: string;
  href: (step: StepExecution) => string;
}) {
  const nodes = layout(steps);
  const find = new Map(nodes.map((n) => [n.name, n]));
  const x = (n: Node) => n.column * (kWidth + kGapX) + 2;
  const y = (n: Node) => n.row * (kHeight + kGapY) + 2;
  const width = Math.max(...nodes.map((n) => x(n) + kWidth)) + 4;
  const height = Math.max(...nodes.map((n) => y(n) + kHeight)) + 4;
  return (
    <div class="graph">
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label="Graph of the steps"
      >
        {nodes.flatMap((node) =>
          node.needs.map((need) => {
            const from = find.get(need);
            if (!from) return null;
            const x1 = x(from) + kWidth;
            const y1 = y(from) + kHeight / 2;
            const x2 = x(node);
            const y2 = y(node) + kHeight / 2;
            const mid = (x1 + x2) / 2;
            return (
              <path
                key={`${need}-${node.name}`}
                class="edge"
                d={`M${x1} ${y1}C${mid} ${y1} ${mid} ${y2} ${x2} ${y2}`}
              />
            );
          }),
        )}
        {nodes.map((node) => {
          const status = worst(node.items);
          const first = node.items.find((s) => s.status === status) ?? node.items[0];
          if (!first) return null;
          const here = node.items.some((s) => stepKey(s) === current);
          return (
            <a key={node.name} href={href(first)} aria-label={`${node.name}: ${status}`}>
              <rect
                class={`node ${status}${here ? " here" : ""}`}
                x={x(node)}
                y={y(node)}
                width={kWidth}
                height={kHeight}
                rx={8}
              />
              <circle
                class={`state ${status}`}
                cx={x(node) + 16}
                cy={y(node) + kHeight / 2}
                r={4.5}
              />
              <text x={x(node) + 28} y={y(node) + kHeight / 2 + 4}>
                {node.name.length > 14 ? `${node.name.slice(0, 13)}…` : node.name}
                {node.items.length > 1 ? ` ×${node.items.length}` : ""}
              </text>
            </a>
          );
        })}
      </svg>
    </div>
  );
}
