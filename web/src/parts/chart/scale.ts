// SPDX-License-Identifier: Apache-2.0
// From data to pixels, and the round numbers between.

export interface Scale {
  (value: number): number;
  domain: [number, number];
}

export function linear(domain: [number, number], range: [number, number]): Scale {
  const [d0, d1] = domain;
  const [r0, r1] = range;
  const slope = d1 === d0 ? 0 : (r1 - r0) / (d1 - d0);
  const scale = (value: number) => (d1 === d0 ? (r0 + r1) / 2 : r0 + (value - d0) * slope);
  return Object.assign(scale, { domain });
}

export function extent(values: Iterable<number>): [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

function niceStep(span: number, count: number): number {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = rough / power;
  const factor = unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10;
  return factor * power;
}

// Round numbers inside [low, high], about `count` of them.
export function ticks(low: number, high: number, count = 5): number[] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [];
  if (low === high) return [low];
  const step = niceStep(high - low, count);
  const digits = Math.max(0, Math.min(15, -Math.floor(Math.log10(step)) + 1));
  const result: number[] = [];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  for (let i = first; i <= last; ++i) result.push(Number((i * step).toFixed(digits)));
  return result;
}

// The domain widened to round numbers; a flat one gets some air.
export function nice(domain: [number, number], count = 5): [number, number] {
  let [low, high] = domain;
  if (low === high) {
    const air = Math.abs(low) * 0.1 || 1;
    low -= air;
    high += air;
  }
  const step = niceStep(high - low, count);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

const kSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
  604800, 1209600, 2592000, 7776000, 31536000,
].map((s) => s * 1000);

// Round instants (ms) in local time.
export function timeTicks(low: number, high: number, count = 5): number[] {
  if (!(high > low)) return Number.isFinite(low) ? [low] : [];
  const rough = (high - low) / Math.max(1, count);
  const step = kSteps.find((s) => s >= rough) ?? kSteps[kSteps.length - 1] ?? rough;
  if (step < 1000 || rough < 500) return ticks(low, high, count);
  const shift = new Date(low).getTimezoneOffset() * 60_000;
  const result: number[] = [];
  for (let t = Math.ceil((low - shift) / step) * step + shift; t <= high; t += step) result.push(t);
  return result;
}

const two = (n: number) => String(n).padStart(2, "0");
const kMonths = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
];

// As much of an instant as the span of the axis needs.
export function timeLabel(at: number, span: number): string {
  const d = new Date(at);
  if (span < 10_000)
    return `${two(d.getMinutes())}:${two(d.getSeconds())}.${Math.floor(d.getMilliseconds() / 100)}`;
  if (span < 600_000) return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  if (span < 2 * 86_400_000) return `${two(d.getHours())}:${two(d.getMinutes())}`;
  if (span < 300 * 86_400_000) return `${d.getDate()} ${kMonths[d.getMonth()]}`;
  return `${kMonths[d.getMonth()]} ${d.getFullYear()}`;
}

// An SVG path through the points; a point that is not finite breaks the line.
export function path(points: { x: number; y: number }[], x: Scale, y: Scale, step = false): string {
  let text = "";
  let pen = false;
  let before = 0;
  for (const point of points) {
    if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) {
      pen = false;
      continue;
    }
    const px = round(x(point.x));
    const py = round(y(point.y));
    if (!pen) text += `M${px} ${py}`;
    else if (step) text += `L${px} ${before}L${px} ${py}`;
    else text += `L${px} ${py}`;
    pen = true;
    before = py;
  }
  return text;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

// Index of the point nearest to `at` in points sorted by x; -1 when there are none.
export function nearest(points: { x: number }[], at: number): number {
  if (points.length === 0) return -1;
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.x ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  const here = points[low]?.x ?? 0;
  const left = points[low - 1]?.x;
  return left !== undefined && at - left < here - at ? low - 1 : low;
}

// Exponential moving average, as people know it from experiment trackers; 0 leaves the points.
export function smooth(
  points: { x: number; y: number }[],
  weight: number,
): { x: number; y: number }[] {
  if (weight <= 0) return points;
  let last: number | null = null;
  return points.map((point) => {
    if (!Number.isFinite(point.y)) return point;
    last = last === null ? point.y : last * weight + point.y * (1 - weight);
    return { x: point.x, y: last };
  });
}

// Counts of values in `bins` equal bins over [low, high]; the ends take what lies outside.
export function histogram(values: number[], low: number, high: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const width = (high - low) / bins || 1;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - low) / width)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
