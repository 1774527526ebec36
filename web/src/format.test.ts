// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  ago,
  between,
  bytes,
  compact,
  duration,
  measure,
  millis,
  number,
  percent,
  shortId,
  toNumber,
} from "./format";

describe("number", () => {
  it("keeps four significant digits and drops idle zeros", () => {
    expect(number(0.78031)).toBe("0.7803");
    expect(number(0.5)).toBe("0.5");
    expect(number(0)).toBe("0");
    expect(number(-1.25)).toBe("−1.25");
  });
  it("groups large ones and goes exponential only when it must", () => {
    expect(number(336776)).toBe("336,776");
    expect(number(12345.6)).toBe("12,346");
    expect(number(0.0000123)).toBe("1.23e-5".replace("-", "−"));
    expect(number(2.5e9 + 0.5)).toBe("2.50e9");
  });
  it("names what is not finite and what is unknown", () => {
    expect(number(Number.NaN)).toBe("NaN");
    expect(number("NaN")).toBe("NaN");
    expect(number("Infinity")).toBe("∞");
    expect(number("-Infinity")).toBe("−∞");
    expect(number(null)).toBe("–");
    expect(number(undefined)).toBe("–");
  });
});

describe("measure", () => {
  it("keeps trailing zeros so that columns line up", () => {
    expect(measure(0.481)).toBe("0.4810");
    expect(measure(3)).toBe("3");
    expect(measure(null)).toBe("–");
  });
});

describe("toNumber", () => {
  it("refuses words and empty text", () => {
    expect(toNumber("rbf")).toBeNull();
    expect(toNumber("")).toBeNull();
    expect(toNumber("0.5")).toBe(0.5);
  });
});

describe("short forms", () => {
  it("compacts counts", () => {
    expect(compact(999)).toBe("999");
    expect(compact(1260)).toBe("1.26k");
    expect(compact(4_300_000)).toBe("4.3M");
    expect(compact(null)).toBe("–");
  });
  it("speaks of shares, latencies and sizes", () => {
    expect(percent(0.167)).toBe("17 %");
    expect(percent(null)).toBe("–");
    expect(millis(0.4)).toBe("400 µs");
    expect(millis(4.2)).toBe("4.2 ms");
    expect(millis(2500)).toBe("2.5 s");
    expect(bytes(1023)).toBe("1023 B");
    expect(bytes(412_331)).toBe("403 KiB");
    expect(bytes(null)).toBe("–");
  });
  it("shortens ids, not words", () => {
    expect(shortId("0123456789abcdef")).toBe("01234567");
    expect(shortId("ex_0001")).toBe("ex_0001");
  });
});

describe("times", () => {
  it("speaks of durations", () => {
    expect(duration(0.25)).toBe("250 ms");
    expect(duration(65)).toBe("1 min 5 s");
    expect(duration(3600)).toBe("1 h");
    expect(duration(90_000)).toBe("1 d 1 h");
    expect(duration(-1)).toBe("–");
  });
  it("measures until now what has not ended", () => {
    expect(between("2026-01-01T00:00:00.000Z", null, Date.parse("2026-01-01T00:00:05.000Z"))).toBe(
      5,
    );
    expect(between(null, null)).toBeNull();
    expect(between("nonsense", null)).toBeNull();
  });
  it("tells how long ago", () => {
    const now = Date.parse("2026-01-01T12:00:00.000Z");
    expect(ago("2026-01-01T11:59:58.000Z", now)).toBe("just now");
    expect(ago("2026-01-01T11:00:00.000Z", now)).toBe("1 h ago");
    expect(ago("2026-01-01T12:10:00.000Z", now)).toBe("in 10 min");
    expect(ago("never", now)).toBe("–");
  });
});
