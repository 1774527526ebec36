// SPDX-License-Identifier: Apache-2.0
// Draws the report from the data beside it. No library, nothing fetched; every text of the data
// goes through text nodes.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.getElementById("report");
const STEP = 100; // rows of the list that are drawn at once

function node(name, attributes = {}, ...children) {
  const svg = /^(svg|rect|path|line|text|g|title|circle)$/.test(name);
  const made = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
const count = (n) => n.toLocaleString("en-US");
const percent = (x, digits = 1) => `${(x * 100).toFixed(digits)} %`;
function number(x) {
  if (x === null || x === undefined) return "–";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return x.toExponential(2);
  return x.toLocaleString("en-US", { maximumSignificantDigits: 5 });
}
const day = (ms, span) => {
  const text = new Date(ms).toISOString();
  return span < 3 * 86400e3 ? text.slice(5, 16).replace("T", " ") : text.slice(0, 10);
};

// The title; `tone` good, bad or none.
function banner(tone, title, text) {
  return node("header", { class: `banner ${tone}` }, node("div", {}, node("h1", {}, title),
    node("p", {}, text)));
}

function counters(list) {
  return node("div", { class: "counters" }, ...list.map(([label, value, tone]) =>
    node("div", { class: "counter" }, node("b", { class: tone || "" }, value),
      node("span", {}, label))));
}

// Two outlines over the same bins; `was` may be missing.
function histogram(width, height, was, is, low, high) {
  const most = Math.max(1e-9, ...(was || []), ...is);
  const svg = node("svg", { width, height: height + (low === null ? 0 : 16),
    viewBox: `0 0 ${width} ${height + (low === null ? 0 : 16)}`, role: "img" });
  const step = width / is.length;
  const bars = (values, color, opacity) => values.forEach((value, i) => {
    if (value === 0) return;
    const tall = Math.max(1, (value / most) * height);
    svg.append(node("rect", { x: (i * step).toFixed(1), y: (height - tall).toFixed(1),
      width: Math.max(0.8, step - (step > 4 ? 1 : 0)).toFixed(1), height: tall.toFixed(1),
      fill: color, "fill-opacity": opacity }));
  });
  if (was) bars(was, "var(--was)", 0.75);
  bars(is, "var(--is)", was ? 0.55 : 0.8);
  if (low !== null) {
    svg.append(node("text", { x: 0, y: height + 13 }, low),
      node("text", { x: width, y: height + 13, "text-anchor": "end" }, high));
  }
  return svg;
}

// A pair of horizontal bars a category.
function bars(labels, was, is) {
  const width = 330;
  const most = Math.max(1e-9, ...(was || []), ...is);
  const row = was ? 26 : 20;
  const svg = node("svg", { width, height: labels.length * row,
    viewBox: `0 0 ${width} ${labels.length * row}`, role: "img" });
  labels.forEach((label, i) => {
    const y = i * row;
    const shown = label === "" ? "(empty text)" : label;
    svg.append(node("text", { x: 0, y: y + 13 },
      shown.length > 20 ? `${shown.slice(0, 19)}…` : shown, node("title", {}, shown)));
    const bar = (value, at, color, tall) => svg.append(node("rect", { x: 130, y: at,
      width: Math.max(0.5, (value / most) * 140).toFixed(1), height: tall, fill: color, rx: 1 }));
    if (was) bar(was[i], y + 2, "var(--was)", 9);
    bar(is[i], was ? y + 12 : y + 3, "var(--is)", was ? 9 : 12);
    const said = was ? `${percent(was[i])} → ${percent(is[i])}` : count(is[i]);
    svg.append(node("text", { x: 278, y: y + 15 }, said));
  });
  return svg;
}

// Means over time: the band is the reference's mean and one standard deviation around it.
function timeline(line) {
  const [width, height] = [420, 120];
  const all = [...line.was, ...line.is].filter((x) => x !== null);
  const band = [line.mean - line.std, line.mean + line.std];
  const low = Math.min(...all, band[0]);
  const high = Math.max(...all, band[1]);
  const y = (x) => height - ((x - low) / (high - low || 1)) * height;
  const svg = node("svg", { width, height: height + 18, viewBox: `0 0 ${width} ${height + 18}` });
  const tall = Math.max(1, y(band[0]) - y(band[1]));
  svg.append(node("rect", { x: 0, width, y: y(band[1]), height: tall, fill: "var(--was)",
    "fill-opacity": 0.18 }),
  node("line", { x1: 0, x2: width, y1: y(line.mean), y2: y(line.mean), stroke: "var(--was)",
    "stroke-dasharray": "4 3" }));
  const draw = (values, color) => {
    let path = "";
    let pen = "M";
    values.forEach((value, i) => {
      const x = ((i + 0.5) / values.length) * width;
      if (value === null) { pen = "M"; return; }
      path += `${pen}${x.toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      svg.append(node("circle", { cx: x, cy: y(value), r: 1.6, fill: color }));
    });
    svg.append(node("path", { d: path || "M0 0", fill: "none", stroke: color,
      "stroke-width": 1.6 }));
  };
  draw(line.was, "var(--was)");
  draw(line.is, "var(--is)");
  const span = data.time.high - data.time.low;
  svg.append(node("text", { x: 0, y: height + 14 }, day(data.time.low, span)),
    node("text", { x: width, y: height + 14, "text-anchor": "end" }, day(data.time.high, span)),
    node("text", { x: 2, y: 10 }, number(high)),
    node("text", { x: 2, y: height - 3 }, number(low)));
  return svg;
}

// Hundredths from -100 to 100 (difference: -200 to 200); null is left empty.
function matrix(title, names, values) {
  const cell = Math.max(9, Math.min(24, Math.floor(330 / Math.max(names.length, 1))));
  const left = 120;
  const size = names.length * cell;
  const svg = node("svg", { width: left + size, height: size + 6,
    viewBox: `0 0 ${left + size} ${size + 6}` });
  values.forEach((row, i) => {
    const name = names[i].length > 18 ? `${names[i].slice(0, 17)}…` : names[i];
    svg.append(node("text", { x: left - 6, y: i * cell + cell * 0.7, "text-anchor": "end" },
      name, node("title", {}, names[i])));
    row.forEach((value, k) => {
      if (value === null) return;
      const strength = Math.min(1, Math.abs(value) / 100);
      svg.append(node("rect", { x: left + k * cell, y: i * cell, width: cell - 1,
        height: cell - 1, fill: value < 0 ? "var(--bad)" : "var(--is)",
        "fill-opacity": Math.max(0.04, strength).toFixed(2) },
      node("title", {}, `${names[i]} and ${names[k]}: ${(value / 100).toFixed(2)}`)));
    });
  });
  return node("div", {}, node("h3", { class: "soft" }, title), svg);
}

function facts(rows) {
  return node("table", {}, ...rows.map(([label, value]) =>
    node("tr", {}, node("td", {}, label), node("td", { class: "num" }, value))));
}

const part = (title, content) => content && node("div", {}, node("h3", {}, title), content);

// Rows are made when they are looked at: a thousand columns open at once.
function list(titles, columns, row, legend) {
  const found = node("input", { type: "search", placeholder: "find by name",
    "aria-label": "find by name" });
  const body = node("div", {});
  const more = node("div", { class: "more" });
  let shown = STEP;
  const draw = () => {
    const wanted = found.value.toLowerCase();
    const hits = columns.filter((column) => column.name.toLowerCase().includes(wanted));
    body.replaceChildren(...hits.slice(0, shown).map((column) => {
      const { cells, inside } = row(column);
      const opened = node("details", {}, node("summary", {}, ...cells));
      opened.addEventListener("toggle", () => {
        if (opened.open && opened.children.length === 1) {
          opened.append(node("div", { class: "inside" }, ...inside().filter(Boolean)));
        }
      });
      return opened;
    }));
    const left = data.all_columns - columns.length;
    const button = node("button", {}, `${count(Math.max(0, hits.length - shown))} more`);
    button.addEventListener("click", () => { shown += STEP; draw(); });
    more.replaceChildren(...(hits.length > shown ? [button] : []),
      ...(left > 0 ? [` ${count(left)} further ones are in the JSON only`] : []));
    more.hidden = more.childNodes.length === 0;
  };
  found.addEventListener("input", () => { shown = STEP; draw(); });
  draw();
  return [node("div", { class: "bar" }, found, legend),
    node("div", { class: "list" }, node("div", { class: "head" },
      ...titles.map((title) => node("span", {}, title))), body, more)];
}
