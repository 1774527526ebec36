// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { extent, histogram, linear, nearest, nice, path, smooth, ticks, timeTicks } from "./scale";

describe("linear", () => {
  it("maps ends to ends and a flat domain to the middle", () => {
    const scale = linear([0, 10], [100, 0]);
    expect(scale(0)).toBe(100);
    expect(scale(10)).toBe(0);
    expect(linear([3, 3], [0, 10])(3)).toBe(5);
  });
});

describe("extent", () => {
  it("ignores what is not finite", () => {
    expect(extent([Number.NaN, 2, Number.POSITIVE_INFINITY, -1])).toEqual([-1, 2]);
    expect(extent([Number.NaN])).toBeNull();
  });
});

describe("ticks", () => {
  it("are round, inside, and about as many as asked", () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(0.013, 0.29, 3)).toEqual([0.1, 0.2]);
    expect(ticks(-5, 5, 2)).toEqual([-5, 0, 5]);
  });
  it("survives degenerate ranges", () => {
    expect(ticks(2, 2)).toEqual([2]);
    expect(ticks(Number.NaN, 2)).toEqual([]);
  });
  it("never runs away, however small or large the range", () => {
    for (const [low, high] of [
      [0, 1e-12],
      [1e12, 1e12 + 1],
      [-1e300, 1e300],
    ] as const)
      expect(ticks(low, high).length).toBeLessThan(15);
  });
});

describe("nice", () => {
  it("widens to round numbers", () => {
    expect(nice([0.13, 0.87], 4)).toEqual([0, 1]);
    const [low, high] = nice([5, 5]);
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
  });
});

describe("timeTicks", () => {
  it("falls on whole minutes", () => {
    const from = Date.parse("2026-01-01T10:00:30Z");
    const found = timeTicks(from, from + 10 * 60_000, 5);
    expect(found.length).toBeGreaterThan(3);
    for (const t of found) expect(t % 60_000).toBe(0);
  });
});

describe("path", () => {
  const x = linear([0, 2], [0, 20]);
  const y = linear([0, 1], [10, 0]);
  it("draws lines and steps", () => {
    const points = [
      { x: 0, y: 0 },
      { x: 2, y: 1 },
    ];
    expect(path(points, x, y)).toBe("M0 10L20 0");
    expect(path(points, x, y, true)).toBe("M0 10L20 10L20 0");
  });
  it("breaks at a gap", () => {
    expect(
      path(
        [
          { x: 0, y: 0 },
          { x: 1, y: Number.NaN },
          { x: 2, y: 1 },
        ],
        x,
        y,
      ),
    ).toBe("M0 10M20 0");
  });
});

describe("nearest", () => {
  const points = [{ x: 0 }, { x: 10 }, { x: 30 }];
  it("finds the closest", () => {
    expect(nearest(points, -5)).toBe(0);
    expect(nearest(points, 4)).toBe(0);
    expect(nearest(points, 6)).toBe(1);
    expect(nearest(points, 99)).toBe(2);
    expect(nearest([], 1)).toBe(-1);
  });
});

describe("smooth and histogram", () => {
  it("smooths towards the mean and leaves gaps", () => {
    expect(
      smooth(
        [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
        0.5,
      ).map((p) => p.y),
    ).toEqual([0, 0.5]);
    expect(smooth([{ x: 0, y: Number.NaN }], 0.5)[0]?.y).toBeNaN();
  });
  it("counts every finite value once", () => {
    expect(histogram([0, 0.1, 0.9, 1, 5, -3, Number.NaN], 0, 1, 2)).toEqual([3, 3]);
  });
});
