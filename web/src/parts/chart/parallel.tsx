// SPDX-License-Identifier: Apache-2.0
// One vertical axis a quantity, one line a run: shows which inputs go with which outcomes.
import { useState } from "preact/hooks";
import { number } from "../../format";
import { ChartTable, Legend, useWidth } from "./frame";
import { extent, round } from "./scale";

interface Axis {
  name: string;
  values: (string | number | null)[]; // one a line
}

// Where each value lies on its axis, 0 at the bottom and 1 at the top; null where it is unknown.
// Numbers keep their distances, words are spread evenly in order.
export function positions(values: (string | number | null)[]): {
  at: (number | null)[];
  top: string;
  bottom: string;
} {
  const numbers = values.map((v) =>
    v === null || v === "" ? null : typeof v === "number" ? v : Number(v),
  );
  if (numbers.every((n) => n === null || Number.isFinite(n))) {
    const [low, high] = extent(numbers.filter((n): n is number => n !== null)) ?? [0, 1];
    return {
      at: numbers.map((n) => (n === null ? null : high === low ? 0.5 : (n - low) / (high - low))),
      top: number(high),
      bottom: number(low),
    };
  }
  const words = [...new Set(values.filter((v) => v !== null).map(String))].sort();
  return {
    at: values.map((v) =>
      v === null ? null : words.length === 1 ? 0.5 : words.indexOf(String(v)) / (words.length - 1),
    ),
    top: words[words.length - 1] ?? "",
    bottom: words[0] ?? "",
  };
}

const cut = (text: string) => (text.length > 16 ? `${text.slice(0, 15)}…` : text);

export function Parallel({
  lines,
  axes,
}: {
  lines: { name: string; color: number }[];
  axes: Axis[];
}) {
  const { ref, width } = useWidth();
  const [over, setOver] = useState<number | null>(null);
  const height = 250;
  const top = 44;
  const bottom = height - 24;
  const placed = axes.map((axis) => positions(axis.values));
  const x = (i: number) => 56 + (axes.length < 2 ? 0 : (i * (width - 112)) / (axes.length - 1));
  const y = (share: number) => bottom - share * (bottom - top);
  const lineOf = (line: number) => {
    let text = "";
    let pen = false;
    placed.forEach((axis, i) => {
      const at = axis.at[line];
      if (at === null || at === undefined) {
        pen = false;
        return;
      }
      text += `${pen ? "L" : "M"}${round(x(i))} ${round(y(at))}`;
      pen = true;
    });
    return text;
  };
  if (axes.length < 2) return <p class="faint">The runs differ in too little to draw.</p>;
  return (
    <figure class="chart parallel" ref={ref}>
      <Legend items={lines} />
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Parallel coordinates of ${lines.length} runs over ${axes.map((a) => a.name).join(", ")}`}
      >
        {axes.map((axis, i) => (
          <g key={axis.name}>
            <line class="axis" x1={x(i)} x2={x(i)} y1={top} y2={bottom} />
            <text class="axis-name" x={x(i)} y={top - 26} text-anchor="middle">
              {cut(axis.name)}
            </text>
            <text x={x(i)} y={top - 8} text-anchor="middle">
              {cut(placed[i]?.top ?? "")}
            </text>
            <text x={x(i)} y={bottom + 16} text-anchor="middle">
              {cut(placed[i]?.bottom ?? "")}
            </text>
          </g>
        ))}
        {lines.map((line, i) => (
          <g
            key={`${line.name}${i}`}
            class={`s${line.color} line${over === i ? " over" : over !== null ? " dim" : ""}`}
            onPointerEnter={() => setOver(i)}
            onPointerLeave={() => setOver(null)}
          >
            <path class="series" d={lineOf(i)} />
            <path class="touch" d={lineOf(i)} />
            <title>{line.name}</title>
          </g>
        ))}
      </svg>
      <ChartTable
        table={{
          head: ["run", ...axes.map((a) => a.name)],
          rows: () =>
            lines.map((line, i) => [line.name, ...axes.map((a) => String(a.values[i] ?? ""))]),
        }}
      />
    </figure>
  );
}
