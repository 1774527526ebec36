// SPDX-License-Identifier: Apache-2.0
"use strict";

const TONES = { failed: "bad", warning: "warn", passed: "good", skipped: "soft" };

function checkRow(column) {
  const share = column.judged ? 1 - column.unexpected / column.judged : null;
  const rail = share === null ? node("span", { class: "soft" }, column.observed ?? "–")
    : node("span", { class: "rail", title: percent(share, 3) }, node("span", { class: "fill",
      style: `width:${(share * 100).toFixed(1)}%;background:var(--${
        column.verdict === "passed" ? "good" : TONES[column.verdict]})` }));
  const inside = () => [
    part("Found", facts([
      ["rule", column.name], ["line of the suite", column.line ? String(column.line) : "–"],
      ...(column.judged ? [["rows judged", count(column.judged)],
        ["of those unexpected", count(column.unexpected)],
        ["must hold in", percent(column.mostly, 2)]] : []),
      ...(column.observed === null ? [] : [["observed", column.observed]]),
      ...(column.detail ? [["why", column.detail]] : []),
    ])),
    column.examples.length ? part("Rows", facts(column.examples.map(([row, text]) =>
      [`row ${count(row)}`, text === "" ? "(missing or empty)" : text]))) : null,
  ];
  return { column, inside, cells: [
    node("span", { class: "name", title: column.name }, column.name),
    node("span", { class: "soft" }, column.rule), rail,
    node("span", { class: "num" }, column.found),
    node("span", {}, node("span", { class: `tag ${TONES[column.verdict]}` }, column.verdict))] };
}

root.append(banner(data.passed ? "good" : "bad",
  data.passed ? "The data is as expected" : "The data is not as expected",
  `${data.file} against ${data.suite}`),
counters([["checks", count(data.all_columns)],
  ["failed", count(data.failed), data.failed ? "bad" : "good"],
  ["warnings", count(data.warnings), data.warnings ? "warn" : ""],
  ["skipped", count(data.skipped)], ["rows", count(data.rows)]]),
node("h2", {}, "Rules, broken ones first"),
...list(["rule", "kind", "rows that hold", "found", "verdict"], data.columns, checkRow, null));
