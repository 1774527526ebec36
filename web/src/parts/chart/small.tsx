// SPDX-License-Identifier: Apache-2.0
// Small pictures of numbers: a line in a table cell, two distributions over each other, bars.
import { useState } from "preact/hooks";
import { number, percent } from "../../format";
import { ChartTable, Legend, Tip, useWidth } from "./frame";
import { extent, linear, nice, path, ticks } from "./scale";

export function Sparkline({
  values,
  label,
  limit,
  width = 96,
  height = 26,
  color = 1,
  from,
}: {
  values: number[];
  label: string;
  limit?: number | null;
  width?: number;
  height?: number;
  color?: number;
  from?: number;
}) {
  const range = extent(limit !== null && limit !== undefined ? [...values, limit] : values);
  if (!range || values.length < 2) return <span class="faint">–</span>;
  const x = linear([0, values.length - 1], [1.5, width - 3]);
  const y = linear([from ?? range[0], range[1]], [height - 3, 3]);
  const last = values[values.length - 1] ?? 0;
  return (
    <svg
      class="spark"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      {limit !== null && limit !== undefined && (
        <line class="limit" x1={0} x2={width} y1={y(limit)} y2={y(limit)} />
      )}
      <g class={`s${color}`}>
        <path
          class="stroke"
          d={path(
            values.map((value, i) => ({ x: i, y: value })),
            x,
            y,
          )}
        />
        <circle class="fill" cx={x(values.length - 1)} cy={y(last)} r={2.2} />
      </g>
    </svg>
  );
}

export interface Bin {
  label: string;
  shares: number[]; // one a series, each series sums to 1
}

// Distributions over the same bins, as shares: laid over each other where the bins touch (numbers),
// beside each other where they do not (categories).
export function Histogram({
  label,
  names,
  bins,
  height = 190,
  over = false,
}: {
  label: string;
  names: string[];
  bins: Bin[];
  height?: number;
  over?: boolean;
}) {
  const { ref, width } = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const margin = { top: 8, right: 8, bottom: 24, left: 42 };
  const top = nice([0, Math.max(0.01, ...bins.flatMap((bin) => bin.shares))], 4)[1];
  const y = linear([0, top], [height - margin.bottom, margin.top]);
  const slot = (width - margin.left - margin.right) / Math.max(1, bins.length);
  const gap = over ? 1 : Math.min(6, slot * 0.2);
  const bar = (slot - gap) / (over ? 1 : names.length);
  const every = Math.max(1, Math.ceil((bins.length * 64) / Math.max(1, width)));
  const shown = at === null ? null : bins[at];
  return (
    <figure class="chart" ref={ref}>
      <Legend items={names.map((name, i) => ({ name, color: i + 1 }))} block />
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={label}
        onPointerLeave={() => setAt(null)}
      >
        {ticks(0, top, 3).map((value) => (
          <g key={value}>
            <line
              class="gridline"
              x1={margin.left}
              x2={width - margin.right}
              y1={y(value)}
              y2={y(value)}
            />
            <text x={margin.left - 8} y={y(value) + 4} text-anchor="end">
              {percent(value)}
            </text>
          </g>
        ))}
        {bins.map((bin, i) => (
          <g key={bin.label} onPointerEnter={() => setAt(i)}>
            <rect
              x={margin.left + i * slot}
              y={margin.top}
              width={slot}
              height={height - margin.top - margin.bottom}
              fill={at === i ? "var(--hover)" : "transparent"}
            />
            {bin.shares.map((share, s) => (
              <rect
                key={names[s]}
                class={`fill s${s + 1}${over ? " over" : ""}`}
                x={margin.left + i * slot + gap / 2 + (over ? 0 : s * bar)}
                y={y(share)}
                width={Math.max(1, bar - 0.5)}
                height={Math.max(0, y(0) - y(share))}
                rx={over ? 0 : Math.min(2, bar / 3)}
              />
            ))}
            {i % every === 0 && (
              <text x={margin.left + (i + 0.5) * slot} y={height - 7} text-anchor="middle">
                {bin.label.length > 10 ? `${bin.label.slice(0, 9)}…` : bin.label}
              </text>
            )}
          </g>
        ))}
      </svg>
      {shown && at !== null && (
        <Tip x={margin.left + (at + 0.5) * slot} y={26} width={width}>
          <div class="faint">{shown.label}</div>
          {names.map((name, s) => (
            <div class="row" key={name}>
              <i class={`key block s${s + 1}`} />
              {name}
              <b>{percent(shown.shares[s], 1)}</b>
            </div>
          ))}
        </Tip>
      )}
      <ChartTable
        table={{
          head: ["value", ...names],
          rows: () =>
            bins.map((bin) => [bin.label, ...bin.shares.map((share) => percent(share, 2))]),
        }}
      />
    </figure>
  );
}

// One bar a row, for comparing a number among a few things.
export function Bars({
  label,
  rows,
  format = (value) => number(value),
}: {
  label: string;
  rows: { name: string; value: number; color: number }[];
  format?: (value: number) => string;
}) {
  const finite = rows.map((row) => row.value).filter(Number.isFinite);
  const top = Math.max(0, ...finite);
  const low = Math.min(0, ...finite);
  const span = top - low || 1;
  return (
    <div
      class="bars"
      role="img"
      aria-label={`${label}: ${rows.map((row) => `${row.name} ${format(row.value)}`).join(", ")}`}
    >
      {rows.map((row) => (
        <div class="bar" key={row.name}>
          <span class="clip">{row.name}</span>
          <span class="track">
            <i
              class={`key s${row.color}`}
              style={{
                left: `${((Math.min(0, row.value) - low) / span) * 100}%`,
                width: `${(Math.abs(Number.isFinite(row.value) ? row.value : 0) / span) * 100}%`,
              }}
            />
          </span>
          <b class="num">{format(row.value)}</b>
        </div>
      ))}
    </div>
  );
}
