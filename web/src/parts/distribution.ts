// SPDX-License-Identifier: Apache-2.0
// Training against production over the same bins, as shares.
import type { ProfileColumn } from "../api/types";
import { number } from "../format";
import { extent, histogram } from "./chart/scale";
import type { Bin } from "./chart/small";

const kBins = 20;
const kCategories = 12;

const shares = (counts: number[]) => {
  const total = counts.reduce((a, b) => a + b, 0) || 1;
  return counts.map((count) => count / total);
};

// Null when there is nothing on one of the two sides.
export function distribution(
  reference: ProfileColumn,
  current: (number | string | null | undefined)[],
): Bin[] | null {
  if (current.length === 0) return null;
  if (reference.sample && reference.sample.length > 0)
    return numeric(reference.sample, current.map(Number));
  if (reference.values) return categories(reference.values, current.map(String));
  return null;
}

function numeric(reference: number[], current: number[]): Bin[] | null {
  const range = extent([...reference, ...current]);
  if (!range) return null;
  const [low, high] = range[0] === range[1] ? [range[0] - 0.5, range[1] + 0.5] : range;
  const a = shares(histogram(reference, low, high, kBins));
  const b = shares(histogram(current, low, high, kBins));
  return a.map((share, i) => ({
    label: number(low + ((i + 0.5) * (high - low)) / kBins, 3),
    shares: [share, b[i] ?? 0],
  }));
}

function categories(reference: Record<string, number>, current: string[]): Bin[] {
  const counts = new Map<string, number>();
  for (const value of current) counts.set(value, (counts.get(value) ?? 0) + 1);
  const all = [...new Set([...Object.keys(reference), ...counts.keys()])].sort(
    (x, y) =>
      (reference[y] ?? 0) - (reference[x] ?? 0) || (counts.get(y) ?? 0) - (counts.get(x) ?? 0),
  );
  const names = all.slice(0, kCategories);
  const rest = all.slice(kCategories);
  const a = names.map((n) => reference[n] ?? 0);
  const b = names.map((n) => counts.get(n) ?? 0);
  if (rest.length > 0) {
    names.push(`${rest.length} more`);
    a.push(rest.reduce((sum, n) => sum + (reference[n] ?? 0), 0));
    b.push(rest.reduce((sum, n) => sum + (counts.get(n) ?? 0), 0));
  }
  const sa = shares(a);
  const sb = shares(b);
  return names.map((label, i) => ({ label, shares: [sa[i] ?? 0, sb[i] ?? 0] }));
}
