// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { match, parseHash, safeLink, to, withQuery } from "./router";

describe("parseHash", () => {
  it("takes path and query apart", () => {
    const place = parseHash("#/endpoints/delays?tab=drift&column=temp");
    expect(place.path).toBe("/endpoints/delays");
    expect(place.query.get("tab")).toBe("drift");
  });
  it("falls back to the overview", () => {
    expect(parseHash("").path).toBe("/");
    expect(parseHash("#main").path).toBe("/");
    expect(parseHash("#/models/").path).toBe("/models");
  });
});

describe("match and to", () => {
  it("are each other's inverse, whatever the name", () => {
    for (const name of ["flights", "a/b", "50%", "a b?c#d", "<img src=x onerror=alert(1)>", "ü"]) {
      const place = parseHash(to`/models/${name}/versions/${3}`);
      expect(match("/models/{}/versions/{}", place.path)).toEqual([name, "3"]);
    }
  });
  it("wants the whole shape", () => {
    expect(match("/models/{}", "/models")).toBeNull();
    expect(match("/models/{}", "/endpoints/x")).toBeNull();
    expect(match("/", "/")).toEqual([]);
  });
  it("survives a broken escape", () => {
    expect(match("/runs/{}", "/runs/%E0%A4%A")).toEqual(["%E0%A4%A"]);
  });
});

describe("withQuery", () => {
  it("changes and removes", () => {
    const place = parseHash("#/runs/1?tab=metrics&path=a");
    expect(withQuery(place, { tab: "artifacts", path: null })).toBe("#/runs/1?tab=artifacts");
    expect(withQuery(place, { tab: null, path: null })).toBe("#/runs/1");
  });
});

describe("safeLink", () => {
  it("follows our own pages only", () => {
    expect(safeLink("#/rollouts/1")).toBe("#/rollouts/1");
    expect(safeLink("/#/rollouts/1")).toBe("#/rollouts/1");
    expect(safeLink("/endpoints/delays")).toBe("#/endpoints/delays");
  });
  it("refuses other schemes and hosts", () => {
    for (const link of [
      "javascript:alert(1)",
      "https://elsewhere/",
      "//elsewhere/",
      "/\\elsewhere",
      "data:text/html,x",
      "",
      null,
      undefined,
    ]) {
      expect(safeLink(link)).toBeNull();
    }
  });
});
