// SPDX-License-Identifier: Apache-2.0
// What every chart shares: its width, its tooltip, and the same numbers as a table for those who
// can't see it.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export function useWidth(initial = 600) {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(initial);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    setWidth(element.clientWidth || initial);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth || initial));
    observer.observe(element);
    return () => observer.disconnect();
  }, [initial]);
  return { ref, width };
}

export function Tip({
  x,
  y,
  width,
  children,
}: {
  x: number;
  y: number;
  width: number;
  children: ComponentChildren;
}) {
  const left = x > width / 2;
  return (
    <div
      class="tip"
      role="status"
      style={
        left
          ? { right: `${Math.max(0, width - x + 12)}px`, top: `${y}px` }
          : { left: `${x + 12}px`, top: `${y}px` }
      }
    >
      {children}
    </div>
  );
}

export interface TableData {
  head: string[];
  rows: () => string[][];
}

const kRows = 500;

// The rows are made only when somebody opens it.
export function ChartTable({ table }: { table: TableData }) {
  const [open, setOpen] = useState(false);
  const rows = open ? table.rows() : [];
  return (
    <details
      class="chart-table"
      onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary>Show as table</summary>
      {open && (
        <div class="scroll">
          <table class="table">
            <thead>
              <tr>
                {table.head.map((name) => (
                  <th scope="col">{name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, kRows).map((row) => (
                <tr>
                  {row.map((cell) => (
                    <td class="num">{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length > kRows && (
            <p class="faint">
              The first {kRows} of {rows.length} rows.
            </p>
          )}
        </div>
      )}
    </details>
  );
}

export function Legend({
  items,
  block = false,
}: {
  items: { name: string; color: number }[];
  block?: boolean;
}) {
  return (
    <div class="legend">
      {items.map((item) => (
        <span>
          <i class={`key s${item.color}${block ? " block" : ""}`} />
          <span class="clip">{item.name}</span>
        </span>
      ))}
    </div>
  );
}
