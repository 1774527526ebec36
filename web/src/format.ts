// SPDX-License-Identifier: Apache-2.0
// Numbers, times and durations as people read them. Unknown is an en dash, never a made-up value.
import type { Num } from "./api/types";

export const kUnknown = "–";

export function toNumber(value: Num | undefined): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return value;
  if (value === "NaN") return Number.NaN;
  if (value === "Infinity" || value === "inf" || value === "+inf") return Number.POSITIVE_INFINITY;
  if (value === "-Infinity" || value === "-inf") return Number.NEGATIVE_INFINITY;
  const parsed = Number(value);
  return value.trim() === "" || Number.isNaN(parsed) ? null : parsed;
}

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

// Four significant digits, grouped when large, exponential only when it must be.
export function number(value: Num | undefined, digits = 4): string {
  const n = toNumber(value);
  if (n === null) return kUnknown;
  if (Number.isNaN(n)) return "NaN";
  if (!Number.isFinite(n)) return n > 0 ? "∞" : "−∞";
  if (n === 0) return "0";
  const size = Math.abs(n);
  if (Number.isInteger(n) && size < 1e15) return grouped.format(n).replace("-", "−");
  if (size >= 1e6 || size < 1e-4)
    return n
      .toExponential(Math.max(0, digits - 2))
      .replace("-", "−")
      .replace("e+", "e");
  if (size >= 1000) return grouped.format(n).replace("-", "−");
  return n
    .toPrecision(digits)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "")
    .replace("-", "−");
}

// The same with trailing zeros kept, so that a column of them lines up.
export function measure(value: Num | undefined, digits = 4): string {
  const n = toNumber(value);
  if (n === null || !Number.isFinite(n) || Number.isInteger(n)) return number(value, digits);
  const size = Math.abs(n);
  return size >= 1000 || size < 1e-4 ? number(n, digits) : n.toPrecision(digits).replace("-", "−");
}

export function compact(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return kUnknown;
  const size = Math.abs(value);
  if (size < 1000)
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
  const units: [number, string][] = [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [factor, unit] of units) {
    if (size >= factor) return `${Number((value / factor).toPrecision(3))}${unit}`;
  }
  return String(value);
}

export function percent(share: number | null | undefined, digits = 0): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return kUnknown;
  return `${(share * 100).toFixed(digits)} %`;
}

export function millis(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return kUnknown;
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return kUnknown;
  if (size < 1024) return `${size} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = size;
  let unit = "B";
  for (const next of units) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || seconds < 0)
    return kUnknown;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const total = Math.round(seconds);
  const days = Math.floor(total / 86400);
  const hours = Math.floor((total % 86400) / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (days) return hours ? `${days} d ${hours} h` : `${days} d`;
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  return total % 60 ? `${minutes} min ${total % 60} s` : `${minutes} min`;
}

export function between(
  started: string | null | undefined,
  ended: string | null | undefined,
  now = Date.now(),
): number | null {
  if (!started) return null;
  const from = Date.parse(started);
  const until = ended ? Date.parse(ended) : now;
  return Number.isNaN(from) || Number.isNaN(until) ? null : Math.max(0, (until - from) / 1000);
}

export function ago(at: string | null | undefined, now = Date.now()): string {
  if (!at) return kUnknown;
  const then = Date.parse(at);
  if (Number.isNaN(then)) return kUnknown;
  const seconds = (now - then) / 1000;
  if (seconds < 0 && seconds > -5) return "just now";
  if (seconds < 0) return `in ${coarse(-seconds)}`;
  if (seconds < 5) return "just now";
  return `${coarse(seconds)} ago`;
}

function coarse(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

const pad = (n: number) => String(n).padStart(2, "0");

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

// Local time, day to second; the full instant goes into the title.
export function moment(at: string | number | null | undefined): string {
  if (at === null || at === undefined || at === "") return kUnknown;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return kUnknown;
  return `${date.getDate()} ${kMonths[date.getMonth()]} ${date.getFullYear()}, ${clock(date)}`;
}

export function clock(date: Date): string {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

export function shortId(id: string | null | undefined, length = 8): string {
  if (!id) return kUnknown;
  return id.length > length + 2 ? id.slice(0, length) : id;
}
