// SPDX-License-Identifier: Apache-2.0
// Drift reports as lines: one over time, and a mark where another version began to be compared.
import type { DriftReport } from "../api/types";
import type { Series } from "./chart/line";

export function byTime(reports: DriftReport[]): DriftReport[] {
  return [...reports].sort((a, b) => Date.parse(a.window_end) - Date.parse(b.window_end));
}

export function driftSeries(reports: DriftReport[]): {
  series: Series[];
  marks: { x: number; label: string }[];
} {
  const sorted = byTime(reports);
  const marks: { x: number; label: string }[] = [];
  const seen = new Set<string>();
  for (const report of sorted) {
    if (seen.has(report.version)) continue;
    if (seen.size > 0)
      marks.push({ x: Date.parse(report.window_end), label: `v${report.version}` });
    seen.add(report.version);
  }
  return {
    series: [
      {
        name: "drift share",
        color: 1,
        area: true,
        points: sorted.map((report) => ({
          x: Date.parse(report.window_end),
          y: report.drift_share,
        })),
      },
    ],
    marks,
  };
}

// The top of an axis for drift shares: some air over the highest, and the threshold well inside.
export function shareTop(reports: DriftReport[], threshold: number | null): number {
  return Math.min(
    1,
    Math.max(0.2, (threshold ?? 0) * 1.5, ...reports.map((report) => report.drift_share * 1.15)),
  );
}

// One column's score over the reports, oldest first; columns that could not be tested are left out.
export function columnSeries(reports: DriftReport[], column: string): { x: number; y: number }[] {
  const points: { x: number; y: number }[] = [];
  for (const report of byTime(reports)) {
    const found = report.columns.find((c) => c.name === column);
    if (found && found.score !== null)
      points.push({ x: Date.parse(report.window_end), y: found.score });
  }
  return points;
}

// A column's own number over time, and where it lies as long as nothing changes.
export function bandSeries(
  reports: DriftReport[],
  column: string,
): {
  measure: string;
  points: { x: number; y: number }[];
  band: { x: number; low: number; high: number }[];
} {
  const out = {
    measure: "",
    points: [] as { x: number; y: number }[],
    band: [] as { x: number; low: number; high: number }[],
  };
  for (const report of byTime(reports)) {
    const found = report.columns.find((c) => c.name === column)?.band;
    if (!found || found.low === null || found.high === null) continue;
    const x = Date.parse(report.window_end);
    out.measure = found.measure;
    out.points.push({ x, y: found.value });
    out.band.push({ x, low: found.low, high: found.high });
  }
  return out;
}

// How far past its threshold a column is: above 1 is drifted. p-values count downwards, distances up.
export function severity(column: {
  score: number | null;
  threshold: number | null;
  p_value: number | null;
  drifted: boolean;
}): number {
  if (column.score === null || column.threshold === null || column.threshold <= 0)
    return column.drifted ? 1 : 0;
  if (column.p_value !== null) {
    const floor = 1e-300;
    return Math.log(Math.max(column.score, floor)) / Math.log(Math.min(column.threshold, 0.999999));
  }
  return column.score / column.threshold;
}
