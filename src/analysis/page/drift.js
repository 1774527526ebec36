// SPDX-License-Identifier: Apache-2.0
"use strict";

function driftVerdict(column) {
  if (column.absent) return ["only on one side", "bad"];
  if (column.error) return ["not tested", "soft"];
  return column.drifted ? ["drifted", "bad"] : ["same", "good"];
}

// How far beyond its threshold, as a bar: the middle is the threshold.
function strength(column) {
  if (column.score === null) return "";
  const width = 64;
  const svg = node("svg", { width, height: 8, viewBox: `0 0 ${width} 8`, class: "strength" });
  const floor = 1e-12;
  const over = column.test
    ? Math.log10(Math.max(column.threshold, floor) / Math.max(column.score, floor))
    : Math.log10(Math.max(column.score, floor) / Math.max(column.threshold, floor));
  const at = width / 2 + Math.max(-1, Math.min(1, over / (column.test ? 4 : 1))) * (width / 2);
  svg.append(node("rect", { x: 0, y: 3, width, height: 2, rx: 1, fill: "var(--line)" }),
    node("rect", { x: Math.min(at, width / 2), y: 2, width: Math.max(1.5,
      Math.abs(at - width / 2)), height: 4, rx: 2,
    fill: column.drifted ? "var(--bad)" : "var(--was)" }),
    node("rect", { x: width / 2 - 0.5, y: 0, width: 1, height: 8, fill: "var(--soft)" }));
  return svg;
}

function wordList(words) {
  if (!words[0].length && !words[1].length) return null;
  const row = (title, list, color) => node("div", { class: "words" },
    node("i", { style: `background:${color}` }), node("span", { class: "soft" }, title),
    ...list.map((word) => node("span", { class: "word" }, word)));
  return part("Words that tell", node("div", {}, row("reference", words[0], "var(--was)"),
    row("current", words[1], "var(--is)")));
}

function driftRow(column) {
  const [verdict, tone] = driftVerdict(column);
  const small = column.is.length ? histogram(120, 26, column.was, column.is, null, null)
    : node("span", {});
  const inside = () => [
    column.findings.length ? node("ul", { class: "wide findings" },
      ...column.findings.map((text) => node("li", {}, text))) : null,
    part("Verdict", facts([
      ["method", column.method || "–"],
      [column.test ? "p-value" : column.type === "text" ? "ROC AUC" : "distance",
        number(column.score)],
      ...(column.adjusted === null ? [] : [["adjusted", number(column.adjusted)]]),
      ["drifts when", column.threshold === null ? "–"
        : column.method === "perc_text_content_drift"
          ? `above ${percent(column.threshold, 0)} of random ones`
          : `${column.test ? "below" : "from"} ${number(column.threshold)}`],
      ...(column.effect === null ? [] : [["size of the effect", number(column.effect)]]),
      ["missing", `${percent(column.nulls[0])} → ${percent(column.nulls[1])}`],
      ...(column.error ? [["why not", column.error]] : []),
    ])),
    column.labels.length ? part("Shares", bars(column.labels, column.was.map((x) => x / 1e4),
      column.is.map((x) => x / 1e4)))
      : column.is.length ? part("Distribution", histogram(420, 130, column.was, column.is,
        number(column.low), number(column.high))) : null,
    wordList(column.words),
    column.time ? part(`Mean over ${data.time.column}`, timeline(column.time)) : null,
  ];
  return { column, inside, cells: [
    node("span", { class: "name", title: column.name }, column.name,
      column.findings.length ? node("span", { class: "mark", title: column.findings.join("\n") },
        String(column.findings.length)) : ""),
    node("span", { class: "soft" }, column.type), small,
    node("span", { class: "num score" },
      node("span", {}, column.method ? `${column.method} ${number(column.score)}` : "–"),
      strength(column)),
    node("span", {}, node("span", { class: `tag ${tone}` }, verdict))] };
}

function findings() {
  if (!data.findings.length) return [];
  const list = node("ul", { class: "findings card" },
    ...data.findings.map((text) => node("li", {}, text)));
  if (data.more_findings > 0) {
    list.append(node("li", { class: "soft" }, `${count(data.more_findings)} more`));
  }
  return [node("h2", {}, "The columns themselves"), list];
}

// Where the change is: the effect there and elsewhere.
function segments() {
  if (!data.segments.length) return [];
  const most = Math.max(...data.segments.map((segment) => segment.effect));
  const line = (label, value, color) => node("div", { class: "pair" },
    node("span", { class: "soft" }, label),
    node("span", { class: "rail" }, node("span", { class: "fill",
      style: `width:${((value / most) * 100).toFixed(1)}%;background:${color}` })),
    node("span", { class: "num" }, value.toFixed(3)));
  return [node("h2", {}, "Where the change is"),
    node("div", { class: "cards" }, ...data.segments.map((segment) =>
      node("div", { class: "card" },
        node("b", {}, segment.column),
        node("div", { class: "where" }, ...segment.where.map((text) =>
          node("span", { class: "chip" }, text))),
        line("there", segment.effect, "var(--bad)"),
        line("elsewhere", segment.elsewhere, "var(--was)"),
        node("p", { class: "small" },
          `${count(segment.rows[0])} → ${count(segment.rows[1])} rows`))))];
}

function whole() {
  const found = data.whole;
  if (!found) return [];
  const title = node("h2", {}, "Rows as a whole");
  if (found.error) return [title, node("p", {}, `Not compared: ${found.error}`)];
  const verdict = (p) => node("span", { class: `tag ${p <= 0.01 ? "bad" : "good"}` },
    p <= 0.01 ? "different" : "alike");
  const card = (name, p, rows, more) => node("div", { class: "card" },
    node("div", { class: "row" }, node("b", {}, name), verdict(p)), facts(rows), more || "");
  const telling = found.importance.length ? node("div", {}, ...found.importance.map(
    ([name, share]) => node("div", { class: "pair" }, node("span", { title: name }, name),
      node("span", { class: "rail" }, node("span", { class: "fill",
        style: `width:${(share * 100).toFixed(1)}%;background:var(--is)` })),
      node("span", { class: "num" }, percent(share, 0))))) : "";
  const cards = [card("Domain classifier", found.auc_p, [
    ["ROC AUC", `${number(found.auc)} ± ${number(found.auc_error)}`],
    ["p-value", number(found.auc_p)]], telling)];
  if (found.numerical_error) {
    cards.push(node("div", { class: "card soft" }, found.numerical_error));
  } else {
    const [was, is, p, parts] = found.pca;
    cards.push(card("PCA reconstruction", p, [["error", `${number(was)} → ${number(is)}`],
      ["p-value", number(p)], ["components", number(parts)]]),
    card("Maximum mean discrepancy", found.mmd[1], [["MMD²", number(found.mmd[0])],
      ["p-value", number(found.mmd[1])]]));
  }
  return [title, node("p", {}, `On ${count(found.rows[0])} and ${count(found.rows[1])} rows: ` +
    "relations between columns may change while each looks as before."),
  node("div", { class: "cards" }, ...cards)];
}

function together() {
  const { names, was, is } = data.together;
  if (names.length < 2) return [];
  const difference = is.map((row, i) => row.map((value, k) =>
    value === null || was[i][k] === null ? null : value - was[i][k]));
  const changes = [];
  difference.forEach((row, i) => row.forEach((value, k) => {
    if (k < i && value !== null) changes.push([Math.abs(value), i, k]);
  }));
  changes.sort((a, b) => b[0] - a[0]);
  const said = changes.slice(0, 3).filter(([size]) => size >= 10).map(([, i, k]) =>
    `${names[i]} and ${names[k]}: ${(was[i][k] / 100).toFixed(2)} → ${(is[i][k] / 100).toFixed(2)}`);
  return [node("h2", {}, "How numbers go together"),
    node("p", {}, said.length ? `Pearson's correlation; most changed: ${said.join(", ")}`
      : "Pearson's correlation; no pair changed by 0.1 or more"),
    node("div", { class: "matrices" }, matrix("change", names, difference),
      matrix("reference", names, was), matrix("current", names, is))];
}

function driftReport() {
  const legend = node("span", { class: "legend" },
    node("span", {}, node("i", { style: "background:var(--was)" }), "reference"),
    node("span", {}, node("i", { style: "background:var(--is)" }), "current"));
  const rule = data.correction === "none" ? "" : `, p-values corrected: ${data.correction}`;
  root.append(banner(data.drifted ? "bad" : "good",
    data.drifted ? "The data has drifted" : "No drift of the data",
    `${data.current} against ${data.reference}`),
  counters([["of the tested columns drifted", percent(data.share || 0),
    data.drifted ? "bad" : "good"],
  ["drifted columns", `${count(data.drifted_columns)} of ${count(data.tested)}`],
  ["not tested", count(data.all_columns - data.tested)],
  ["rows of the reference", count(data.reference_rows)],
  ["rows now", count(data.current_rows)]]),
  node("p", { class: "small" }, `The data counts as drifted from ${percent(data.drift_share, 0)} ` +
    `of its columns on${rule}.`),
  ...findings(), ...segments(), ...whole(),
  node("h2", {}, "Columns, worst first"),
  ...list(["column", "type", "distribution", "method and score", "verdict"], data.columns,
    driftRow, legend), ...together());
}

driftReport();
