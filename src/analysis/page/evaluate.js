// SPDX-License-Identifier: Apache-2.0
"use strict";

// A curve in the unit square.
function curve(points, name) {
  const size = 240;
  const x = (v) => (v * size).toFixed(1);
  const y = (v) => ((1 - v) * size).toFixed(1);
  const svg = node("svg", { width: size + 30, height: size + 24,
    viewBox: `-2 -4 ${size + 30} ${size + 28}`, role: "img" });
  svg.append(node("rect", { x: 0, y: 0, width: size, height: size, fill: "none",
    stroke: "var(--line)" }), node("line", { x1: 0, y1: size, x2: size, y2: 0,
    stroke: "var(--was)", "stroke-dasharray": "4 3" }));
  const path = points.map(([a, b], i) => `${i ? "L" : "M"}${x(a)} ${y(b)}`).join("");
  svg.append(node("path", { d: path || "M0 0", fill: "none", stroke: "var(--is)",
    "stroke-width": 2 }));
  if (name[2]) {
    points.forEach(([a, b]) => svg.append(node("circle", { cx: x(a), cy: y(b), r: 3,
      fill: "var(--is)" })));
  }
  svg.append(node("text", { x: 0, y: size + 15 }, name[0]),
    node("text", { x: 4, y: 12 }, name[1]));
  return svg;
}

// True values along, predicted ones up: how many rows a cell has.
function density(cells, low, high) {
  const size = 240;
  const side = cells.length;
  const most = Math.max(1, ...cells.flat());
  const step = size / side;
  const svg = node("svg", { width: size + 30, height: size + 24,
    viewBox: `-2 -4 ${size + 30} ${size + 28}`, role: "img" });
  svg.append(node("rect", { x: 0, y: 0, width: size, height: size, fill: "none",
    stroke: "var(--line)" }));
  cells.forEach((column, i) => column.forEach((n, k) => {
    if (!n) return;
    svg.append(node("rect", { x: (i * step).toFixed(1), y: (size - (k + 1) * step).toFixed(1),
      width: step.toFixed(1), height: step.toFixed(1), fill: "var(--is)",
      "fill-opacity": (0.12 + 0.88 * Math.sqrt(n / most)).toFixed(2) },
    node("title", {}, `${count(n)} rows`)));
  }));
  svg.append(node("line", { x1: 0, y1: size, x2: size, y2: 0, stroke: "var(--bad)",
    "stroke-dasharray": "4 3" }), node("text", { x: 0, y: size + 15 }, number(low)),
  node("text", { x: size, y: size + 15, "text-anchor": "end" }, number(high)),
  node("text", { x: 4, y: 12 }, "predicted"));
  return svg;
}

function confusion(labels, cells) {
  const most = Math.max(1, ...cells.flat());
  const head = node("tr", {}, node("th", {}, "true \\ predicted"),
    ...labels.map((label) => node("th", { title: label }, label)));
  const rows = cells.map((row, i) => {
    const all = row.reduce((a, b) => a + b, 0);
    return node("tr", {}, node("th", { title: labels[i] }, labels[i]), ...row.map((n, k) => {
      const color = i === k ? "var(--is)" : "var(--bad)";
      const share = Math.round(Math.sqrt(n / most) * 70);
      return node("td", { class: "cell", title: all ? percent(n / all) : "",
        style: `background:color-mix(in srgb, ${color} ${share}%, transparent)` }, count(n));
    }));
  });
  return node("div", { class: "scroll" }, node("table", { class: "confusion" }, head, ...rows));
}

function groupTable(groups) {
  const names = groups[0].metrics.map(([name]) => name);
  const best = names.map((_, k) => Math.max(1e-9,
    ...groups.map((group) => Math.abs(group.metrics[k][1] ?? 0))));
  return node("div", { class: "scroll card" }, node("table", { class: "grid" },
    node("tr", {}, node("th", {}, "group"), ...names.map((name) =>
      node("th", {}, name.replaceAll("_", " ")))),
    ...groups.map((group) => node("tr", {}, node("th", { title: group.name }, group.name),
      ...group.metrics.map(([, value], k) => node("td", { class: "num" }, number(value),
        node("span", { class: "under", style: `width:${(Math.abs(value ?? 0) / best[k] * 100)
          .toFixed(0)}%` })))))));
}

// What a change of the loss comes from: rows that moved, and the same rows judged otherwise.
function drop(found) {
  const most = Math.max(1e-12, ...found.columns.flatMap((column) =>
    [Math.abs(column.moved), Math.abs(column.changed)]));
  const bar = (value, color) => {
    const width = (Math.abs(value) / most) * 50;
    const left = value < 0 ? 50 - width : 50;
    return node("span", { class: "rail both" }, node("span", { class: "fill", style:
      `left:${left.toFixed(1)}%;width:${width.toFixed(1)}%;background:${color}` }));
  };
  return [node("h2", {}, "What the change of quality comes from"),
    node("p", {}, `Mean loss ${number(found.before)} → ${number(found.now)}. Of each column: rows ` +
      "that moved to values where the model was worse already, and like values judged worse."),
    node("div", { class: "card scroll" }, node("table", { class: "grid" },
      node("tr", {}, ...["column", "rows moved", "", "loss changed", "", "most in"].map((name) =>
        node("th", {}, name))),
      ...found.columns.map((column) => node("tr", {}, node("th", { title: column.name },
        column.name), node("td", { class: "num" }, number(column.moved)),
      node("td", {}, bar(column.moved, "var(--warn)")),
      node("td", { class: "num" }, number(column.changed)),
      node("td", {}, bar(column.changed, "var(--bad)")),
      node("td", {}, column.worst || "–")))))];
}

function evaluateReport() {
  const broken = data.broken.length > 0;
  root.append(banner(broken ? "bad" : data.bounded ? "good" : "",
    broken ? "The predictions are not good enough" : "How good the predictions are",
    `${data.file}: ${data.task}, ${count(data.rows)} rows` +
      (data.skipped ? `, ${count(data.skipped)} left out: a value is missing` : "")));
  if (broken) {
    root.append(node("ul", { class: "findings card" },
      ...data.broken.map((text) => node("li", { class: "bad" }, text))));
  }
  if (data.metrics.length) {
    root.append(counters(data.metrics.slice(0, 8).map(([name, value]) =>
      [name.replaceAll("_", " "), number(value)])));
  }
  const pictures = [
    data.roc.length ? part("ROC curve", curve(data.roc, ["false positive rate",
      "true positive rate"])) : null,
    data.reliability.length ? part("Calibration", curve(data.reliability, ["said",
      "was true", true])) : null,
    data.scores[0].length ? part("Scores by what was true", node("div", {},
      histogram(330, 130, data.scores[0], data.scores[1], "0", "1"),
      node("span", { class: "legend" }, node("span", {}, node("i", {
        style: "background:var(--was)" }), data.negative), node("span", {}, node("i", {
        style: "background:var(--is)" }), data.positive)))) : null,
    data.cells.length ? part("True and predicted", density(data.cells, data.low, data.high)) : null,
    data.errors.length ? part("Errors (predicted less true)", histogram(330, 130, null,
      data.errors, number(data.error_low), number(data.error_high))) : null,
    data.confusion.length ? part("Confusion", confusion(data.labels, data.confusion)) : null,
  ].filter(Boolean);
  if (pictures.length) {
    root.append(node("h2", {}, "Pictures"), node("div", { class: "card pictures" }, ...pictures));
  }
  const tables = [["All metrics", data.metrics], ["Fairness", data.fairness],
    ["Expected without outcomes", data.estimated]].filter(([, rows]) => rows.length);
  if (tables.length) {
    root.append(node("h2", {}, "Numbers"), node("div", { class: "cards" },
      ...tables.map(([title, rows]) => node("div", { class: "card" }, node("b", {}, title),
        facts(rows.map(([name, value]) => [name.replaceAll("_", " "), number(value)]))))));
  }
  if (data.per_class.length) {
    root.append(node("h2", {}, "By label"), groupTable(data.per_class));
  }
  if (data.groups.length) {
    root.append(node("h2", {}, "By group"), groupTable(data.groups));
    if (data.more_groups) {
      root.append(node("p", { class: "small" }, `${count(data.more_groups)} further groups are ` +
        "in the JSON only"));
    }
  }
  if (data.drop) root.append(...drop(data.drop));
}

evaluateReport();
