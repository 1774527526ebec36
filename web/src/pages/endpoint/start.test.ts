// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { stepsOf } from "./start";

test("steps are read as people write them", () => {
  expect(stepsOf("5:200, 50:2000 100")).toEqual([
    { weight: 5, min_requests: 200 },
    { weight: 50, min_requests: 2000 },
    { weight: 100, min_requests: 100 },
  ]);
  expect(stepsOf("shadow:300 shadow=50 5")).toEqual([
    { shadow: 100, min_requests: 300 },
    { shadow: 50, min_requests: 100 },
    { weight: 5, min_requests: 100 },
  ]);
  expect(stepsOf(" ")).toEqual([]);
});

test("what is no step is refused by name", () => {
  for (const text of ["x", "5:y", "5:1:2", ":3", "shadows:1", "shadow=x"]) {
    expect(() => stepsOf(`5, ${text}`)).toThrow(`'${text}' is no step`);
  }
});
