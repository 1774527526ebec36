// SPDX-License-Identifier: Apache-2.0
// Training against production over the same bins, as shares.
import type { ProfileColumn } from "../api/types";
import { number } from "../format";
import { extent, histogram } from "./chart/scale";
import type { Bin } from "./chart/small";

const kBins = 60;
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
  if (reference.histogram) return numeric(reference.histogram, current.map(Number));
  if (reference.most_common) return categories(reference.most_common, current.map(String));
  return null;
}

// The reference's own bins, continued on both sides to where production reaches.
function numeric(
  reference: { from: number; to: number; shares: number[] },
  current: number[],
): Bin[] | null {
  const range = extent(current);
  if (!range || reference.shares.length === 0) return null;
  const flat = reference.to <= reference.from;
  const width = flat ? 1 : (reference.to - reference.from) / reference.shares.length;
  const from = flat ? reference.from - 0.5 : reference.from;
  const room = Math.max(0, kBins - reference.shares.length);
  const before = Math.min(room, Math.max(0, Math.ceil((from - range[0]) / width)));
  const end = from + width * reference.shares.length;
  const after = Math.min(room - before, Math.max(0, Math.ceil((range[1] - end) / width)));
  const a = [
    ...new Array<number>(before).fill(0),
    ...reference.shares,
    ...new Array<number>(after).fill(0),
  ];
  const low = from - before * width;
  const b = shares(histogram(current, low, low + a.length * width, a.length));
  return a.map((share, i) => ({
    label: number(low + (i + 0.5) * width, 3),
    shares: [share, b[i] ?? 0],
  }));
}

function categories(common: [string, number][], current: string[]): Bin[] {
  const reference = new Map(common);
  const counts = new Map<string, number>();
  for (const value of current) counts.set(value, (counts.get(value) ?? 0) + 1);
  const of = (map: Map<string, number>, name: string) => map.get(name) ?? 0;
  const all = [...new Set([...reference.keys(), ...counts.keys()])].sort(
    (x, y) => of(reference, y) - of(reference, x) || of(counts, y) - of(counts, x),
  );
  const names = all.slice(0, kCategories);
  const rest = all.slice(kCategories);
  const a = names.map((name) => of(reference, name));
  const b = names.map((name) => of(counts, name));
  if (rest.length > 0) {
    names.push(`${rest.length} more`);
    a.push(rest.reduce((sum, name) => sum + of(reference, name), 0));
    b.push(rest.reduce((sum, name) => sum + of(counts, name), 0));
  }
  const sa = shares(a);
  const sb = shares(b);
  return names.map((label, i) => ({ label, shares: [sa[i] ?? 0, sb[i] ?? 0] }));
}
