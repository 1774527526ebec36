// SPDX-License-Identifier: Apache-2.0
// Lines over time or steps, with a threshold, bands, marks, a crosshair that also follows the arrow
// keys, and a table underneath.
import { useMemo, useState } from "preact/hooks";
import { moment, number } from "../../format";
import { ChartTable, Legend, Tip, useWidth } from "./frame";
import { extent, linear, nearest, nice, path, ticks, timeLabel, timeTicks } from "./scale";

export interface Point {
  x: number;
  y: number;
}

export interface Series {
  name: string;
  color: number; // 1..8
  points: Point[]; // sorted by x
  area?: boolean;
  step?: boolean;
}

export interface LineProps {
  label: string; // says what is shown to who can't see it
  series: Series[];
  time?: boolean;
  xName?: string;
  height?: number;
  threshold?: { value: number; label: string } | null;
  marks?: { x: number; label: string; color?: number }[];
  band?: { x: number; low: number; high: number }[]; // sorted by x; what is usual
  yMin?: number;
  yMax?: number;
  format?: (value: number) => string;
  dots?: boolean;
  legend?: boolean;
}

const kMargin = { top: 10, right: 14, bottom: 24, left: 48 };

function useGeometry(props: LineProps, width: number, height: number) {
  const { series, threshold, yMin, yMax, band } = props;
  return useMemo(() => {
    const xs = extent(series.flatMap((s) => s.points.map((p) => p.x))) ?? [0, 1];
    const values = series.flatMap((s) => s.points.map((p) => p.y));
    if (threshold) values.push(threshold.value);
    for (const b of band ?? []) values.push(b.low, b.high);
    const ys = extent(values) ?? [0, 1];
    const domain = nice([yMin ?? ys[0], yMax ?? ys[1]], 4);
    if (yMin !== undefined) domain[0] = yMin;
    const x = linear(xs, [kMargin.left, width - kMargin.right]);
    const y = linear(domain, [height - kMargin.bottom, kMargin.top]);
    return { x, y };
  }, [series, threshold, yMin, yMax, band, width, height]);
}

export function LineChart(props: LineProps) {
  const { series, time, threshold, label, marks = [], dots } = props;
  const height = props.height ?? 200;
  const format = props.format ?? ((value: number) => number(value));
  const { ref, width } = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const { x, y } = useGeometry(props, width, height);
  const xSpan = x.domain[1] - x.domain[0];
  const across = Math.max(2, Math.floor(width / 110));
  const xTicks = time
    ? timeTicks(x.domain[0], x.domain[1], across)
    : ticks(x.domain[0], x.domain[1], across);
  const xText = (value: number) => (time ? timeLabel(value, xSpan) : number(value));
  const stops = useMemo(
    () => [...new Set(series.flatMap((s) => s.points.map((p) => p.x)))].sort((a, b) => a - b),
    [series],
  );
  const empty = stops.length === 0;

  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const value =
      x.domain[0] +
      ((event.clientX - box.left - kMargin.left) /
        Math.max(1, width - kMargin.left - kMargin.right)) *
        xSpan;
    const i = nearest(
      stops.map((stop) => ({ x: stop })),
      value,
    );
    setAt(i < 0 ? null : (stops[i] ?? null));
  };
  const key = (event: KeyboardEvent) => {
    const i = at === null ? -1 : stops.indexOf(at);
    const next = {
      ArrowRight: i + 1,
      ArrowLeft: i < 0 ? stops.length - 1 : i - 1,
      Home: 0,
      End: stops.length - 1,
    }[event.key];
    if (event.key === "Escape") setAt(null);
    if (next === undefined) return;
    event.preventDefault();
    setAt(stops[Math.min(stops.length - 1, Math.max(0, next))] ?? null);
  };
  const shown =
    at === null
      ? []
      : series
          .map((s) => ({ s, p: s.points[nearest(s.points, at)] }))
          .filter((e) => e.p !== undefined);

  return (
    <figure class="chart" ref={ref}>
      {props.legend !== false && series.length > 1 && <Legend items={series} />}
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the crosshair
        tabIndex={0}
        onPointerMove={move}
        onPointerLeave={() => setAt(null)}
        onKeyDown={key}
        onBlur={() => setAt(null)}
      >
        {ticks(y.domain[0], y.domain[1], 4).map((value) => (
          <g key={value}>
            <line
              class="gridline"
              x1={kMargin.left}
              x2={width - kMargin.right}
              y1={y(value)}
              y2={y(value)}
            />
            <text x={kMargin.left - 8} y={y(value) + 4} text-anchor="end">
              {format(value)}
            </text>
          </g>
        ))}
        {!empty &&
          xTicks.map((value) => (
            <text key={value} x={x(value)} y={height - 6} text-anchor="middle">
              {xText(value)}
            </text>
          ))}
        {marks
          .filter((mark) => mark.x >= x.domain[0] && mark.x <= x.domain[1])
          .map((mark) => (
            <g key={`${mark.x}${mark.label}`}>
              <line
                class="mark"
                x1={x(mark.x)}
                x2={x(mark.x)}
                y1={kMargin.top}
                y2={height - kMargin.bottom}
              />
              <text x={x(mark.x) + 4} y={kMargin.top + 9}>
                {mark.label}
              </text>
            </g>
          ))}
        {series.map((s) => (
          <g key={s.name} class={`s${s.color}`}>
            {s.area && s.points.length > 1 && (
              <path
                class="area"
                d={`${path(s.points, x, y, s.step)}L${x(s.points[s.points.length - 1]?.x ?? 0)} ${height - kMargin.bottom}L${x(s.points[0]?.x ?? 0)} ${height - kMargin.bottom}Z`}
              />
            )}
            <path class="series" d={path(s.points, x, y, s.step)} />
            {(dots || s.points.length === 1) &&
              s.points
                .filter((p) => Number.isFinite(p.y))
                .map((p) => <circle key={p.x} class="fill" cx={x(p.x)} cy={y(p.y)} r={2.6} />)}
          </g>
        ))}
        {props.band && props.band.length > 1 && (
          <polygon
            class="band"
            points={[
              ...props.band.map((b) => `${x(b.x)},${y(b.high)}`),
              ...[...props.band].reverse().map((b) => `${x(b.x)},${y(b.low)}`),
            ].join(" ")}
          />
        )}
        {threshold && (
          <g>
            <line
              class="threshold"
              x1={kMargin.left}
              x2={width - kMargin.right}
              y1={y(threshold.value)}
              y2={y(threshold.value)}
            />
            <text
              class="threshold-label"
              x={width - kMargin.right}
              y={y(threshold.value) - 5}
              text-anchor="end"
            >
              {threshold.label}
            </text>
          </g>
        )}
        {at !== null && (
          <g>
            <line
              class="cross"
              x1={x(at)}
              x2={x(at)}
              y1={kMargin.top}
              y2={height - kMargin.bottom}
            />
            {shown.map(
              ({ s, p }) =>
                p &&
                Number.isFinite(p.y) && (
                  <circle key={s.name} class={`fill s${s.color}`} cx={x(p.x)} cy={y(p.y)} r={3.5} />
                ),
            )}
          </g>
        )}
      </svg>
      {at !== null && (
        <Tip x={x(at)} y={series.length > 1 ? 28 : 8} width={width}>
          <div class="faint num">
            {time ? moment(at) : `${props.xName ?? "step"} ${number(at)}`}
          </div>
          {shown.map(({ s, p }) => (
            <div class="row" key={s.name}>
              <i class={`key s${s.color}`} />
              <span class="clip">{s.name}</span>
              <b>{p ? format(p.y) : ""}</b>
            </div>
          ))}
        </Tip>
      )}
      {!empty && (
        <ChartTable
          table={{
            head: [time ? "time" : (props.xName ?? "step"), ...series.map((s) => s.name)],
            rows: () => tableRows(series, stops, time, format),
          }}
        />
      )}
    </figure>
  );
}

function tableRows(
  series: Series[],
  stops: number[],
  time: boolean | undefined,
  format: (value: number) => string,
): string[][] {
  const lookups = series.map((s) => new Map(s.points.map((p) => [p.x, p.y])));
  return stops.map((stop) => [
    time ? moment(stop) : number(stop),
    ...lookups.map((lookup) => {
      const value = lookup.get(stop);
      return value === undefined ? "" : format(value);
    }),
  ]);
}
