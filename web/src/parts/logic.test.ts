// SPDX-License-Identifier: Apache-2.0
// The decisions inside the parts that a picture would not show to be wrong.
import { describe, expect, it } from "vitest";
import { address } from "../api/client";
import { backoff, EventParser } from "../api/live";
import { overlay } from "../api/pages";
import type { DriftReport, StepExecution } from "../api/types";
import { brief } from "../pages/endpoint/predictions";
import { ratesOf } from "../pages/endpoint/traffic";
import { orderBy, toFilter, wantedKeys } from "../pages/experiment";
import { positions } from "./chart/parallel";
import { distribution } from "./distribution";
import { columnSeries, severity, shareTop } from "./drift";
import { place } from "./gantt";
import { layout } from "./graph";
import { keepTail } from "./log";
import { sortRows, visibleRange } from "./table";

describe("server-sent events", () => {
  it("are read in any pieces", () => {
    const seen: string[] = [];
    const parser = new EventParser((data) => seen.push(data));
    const text = ': beat\n\nevent: a\ndata: {"n":1}\n\ndata: x\ndata: y\r\n\r\nevent: no-data\n\n';
    for (const letter of text) parser.push(letter);
    expect(seen).toEqual(['{"n":1}', "x\ny"]);
    parser.push("data: half");
    expect(seen.length).toBe(2);
  });
  it("come back with growing, bounded, scattered delays", () => {
    expect(backoff(0, 0)).toBe(500);
    expect(backoff(3, 0)).toBe(4000);
    expect(backoff(40, 0)).toBe(15_000);
    expect(backoff(0, 1)).toBe(375);
  });
});

describe("address", () => {
  it("encodes every value and leaves out empty ones", () => {
    expect(
      address("/models/{}/versions/{}", ["a/b", "1"], { q: "x&y", none: null, empty: "" }),
    ).toBe("/api/v1/models/a%2Fb/versions/1?q=x%26y");
  });
});

describe("runs", () => {
  it("takes a word for a name and anything with an operator for an expression", () => {
    expect(toFilter(" tern ")).toBe("attributes.run_name ILIKE '%tern%'");
    expect(toFilter("o'hare")).toBe("attributes.run_name ILIKE '%ohare%'");
    expect(toFilter("run_1")).toBe("attributes.run_name ILIKE '%run_1%'");
    expect(toFilter("metrics.auc > 0.7")).toBe("metrics.auc > 0.7");
    expect(toFilter("NOT (params.p IS NOT NULL)")).toBe("NOT (params.p IS NOT NULL)");
    expect(toFilter("  ")).toBe("");
  });
  it("quotes what is sorted by", () => {
    expect(orderBy({ id: "metrics.val auc", descending: true })).toBe("metrics.`val auc` DESC");
    expect(orderBy({ id: "params.a`b", descending: false })).toBe("params.`ab` ASC");
    expect(orderBy({ id: "start_time", descending: true })).toBe("attributes.start_time DESC");
  });
  it("asks for the columns that are shown, and for none with a comma", () => {
    expect(wantedKeys(["metrics.auc", "params.p", "metrics.val.loss"], "metrics")).toBe(
      "auc,val.loss",
    );
    expect(wantedKeys(["metrics.auc"], "params")).toBe(",");
  });
  it("lays a fresh first page over a longer list", () => {
    const known = [{ id: "1" }, { id: "2" }, { id: "3" }];
    expect(overlay([{ id: "0" }, { id: "1" }], known, false).map((r) => r.id)).toEqual([
      "0",
      "1",
      "2",
      "3",
    ]);
    expect(overlay([{ id: "0" }], known, true).map((r) => r.id)).toEqual(["0"]);
  });
});

describe("table", () => {
  it("draws a window of rows only", () => {
    expect(visibleRange(0, 360, 5000)).toEqual([0, 22]);
    const [first, last] = visibleRange(36 * 1000, 360, 5000);
    expect(first).toBe(988);
    expect(last).toBe(1022);
    expect(visibleRange(36 * 90, 360, 10)[1]).toBe(10);
  });
  it("sorts numbers as numbers and unknown last, both ways", () => {
    const rows = [10, 9, null, 100].map((v) => ({ v }));
    expect(sortRows(rows, (r) => r.v, false).map((r) => r.v)).toEqual([9, 10, 100, null]);
    expect(sortRows(rows, (r) => r.v, true).map((r) => r.v)).toEqual([100, 10, 9, null]);
  });
});

describe("drift", () => {
  const column = (score: number | null, p: number | null, threshold = 0.1) => ({
    score,
    p_value: p,
    threshold,
    drifted: false,
  });
  it("ranks distances up and p-values down", () => {
    expect(severity(column(0.3, null))).toBeGreaterThan(severity(column(0.2, null)));
    expect(severity(column(1e-9, 1e-9, 0.05))).toBeGreaterThan(severity(column(1e-3, 1e-3, 0.05)));
    expect(severity(column(0, 0, 0.05))).toBeGreaterThan(1);
    expect(severity(column(0.5, 0.5, 0.05))).toBeLessThan(1);
    expect(severity(column(null, null))).toBe(0);
  });
  it("gives one column's scores in order of time, without gaps invented", () => {
    const report = (end: string, score: number | null) =>
      ({ window_end: end, columns: [{ name: "temp", score }] }) as DriftReport;
    expect(
      columnSeries(
        [
          report("2026-01-02T00:00:00Z", 2),
          report("2026-01-01T00:00:00Z", 1),
          report("2026-01-03T00:00:00Z", null),
        ],
        "temp",
      ).map((p) => p.y),
    ).toEqual([1, 2]);
  });
  it("keeps the threshold inside the axis", () => {
    expect(shareTop([], 0.5)).toBe(0.75);
    expect(shareTop([{ drift_share: 1 } as DriftReport], 0.1)).toBe(1);
    expect(shareTop([], null)).toBe(0.2);
  });
});

describe("distribution", () => {
  const half = { from: 0, to: 2, shares: [0.5, 0.5] };
  it("continues the reference's bins to where production reaches; each side sums to one", () => {
    const column = { name: "t", type: "numerical", count: 3, histogram: half };
    const bins = distribution(column, [-0.5, 0.5, 4.5]);
    expect(bins?.map((bin) => bin.shares[0])).toEqual([0, 0.5, 0.5, 0, 0, 0]);
    for (const side of [0, 1]) {
      expect(bins?.reduce((sum, bin) => sum + (bin.shares[side] ?? 0), 0)).toBeCloseTo(1);
    }
    expect(distribution(column, [1e12])?.length).toBe(60);
  });
  it("shows categories that training never saw", () => {
    const common: [string, number][] = [
      ["UA", 3],
      ["DL", 1],
    ];
    const column = { name: "c", type: "categorical", count: 4, most_common: common };
    const bins = distribution(column, ["UA", "new"]);
    expect(bins?.find((bin) => bin.label === "new")?.shares).toEqual([0, 0.5]);
  });
  it("has nothing to say without one of the sides", () => {
    const column = { name: "c", type: "numerical", count: 0 };
    expect(distribution({ ...column, histogram: half }, [])).toBeNull();
    expect(distribution(column, [1])).toBeNull();
  });
});

describe("steps", () => {
  const step = (name: string, needs: string[] = [], index: number | null = null) =>
    ({
      name,
      needs,
      index,
      status: "succeeded",
      attempts: 1,
      started: null,
      ended: null,
      exit_code: 0,
      error: null,
    }) as StepExecution;
  it("stand right of what they need; items of a foreach are one node", () => {
    const nodes = layout([
      step("c", ["a", "b"]),
      step("a"),
      step("b", ["a"], 0),
      step("b", ["a"], 1),
    ]);
    const column = Object.fromEntries(nodes.map((n) => [n.name, n.column]));
    expect(column).toEqual({ a: 0, b: 1, c: 2 });
    expect(nodes.find((n) => n.name === "b")?.items.length).toBe(2);
  });
  it("do not hang on a cycle or an unknown need", () => {
    expect(layout([step("a", ["b"]), step("b", ["a"]), step("c", ["nowhere"])]).length).toBe(3);
  });
  it("lie on the axis by their times", () => {
    const bar = place(
      { ...step("a"), started: "1970-01-01T00:00:05Z", ended: "1970-01-01T00:00:10Z" },
      0,
      10_000,
      10_000,
    );
    expect(bar).toEqual({ left: 0.5, width: 0.5 });
    expect(place(step("a"), 0, 1, 1)).toBeNull();
  });
});

describe("small things", () => {
  it("keeps the end of a log, cut at a line", () => {
    expect(keepTail("one\ntwo\nthree", 8)).toBe("three");
    expect(keepTail("short", 100)).toBe("short");
  });
  it("makes rates from totals, and a restart of the server no negative rate", () => {
    const at = (t: number, n: number) => ({ at: t * 1000, requests: { "1": n }, p99: {} });
    expect(ratesOf([at(0, 0), at(2, 100), at(3, 0)], "1").map((p) => p.y)).toEqual([50, 0]);
  });
  it("places numbers by distance and words evenly", () => {
    expect(positions(["1", "3", "2", null]).at).toEqual([0, 1, 0.5, null]);
    expect(positions(["rbf", "linear", null]).at).toEqual([1, 0, null]);
    expect(positions([5, 5]).at).toEqual([0.5, 0.5]);
  });
  it("says outputs in brief", () => {
    expect(brief({ probability: 0.25 })).toBe("0.25");
    expect(brief([0.1, 0.9])).toBe("[0.1, 0.9]");
    expect(brief(null)).toBe("–");
  });
});
