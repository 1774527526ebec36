// SPDX-License-Identifier: Apache-2.0
"use strict";

function profileRow(column) {
  const said = [];
  if (column.count === 0) said.push("empty");
  else if (column.unique <= 1) said.push("constant");
  if (column.infinite) said.push(`${count(column.infinite)} infinite`);
  const all = column.count + column.nulls;
  if (column.nulls && column.count) said.push(`${percent(column.nulls / all)} missing`);
  const drawn = column.bins.length ? column.bins : column.common.map(([, n]) => n);
  const inside = () => [
    part("Numbers", facts([
      ["values", count(column.count)], ["missing", count(column.nulls)],
      ["distinct", count(column.unique)], ["smallest", column.min ?? "–"],
      ["largest", column.max ?? "–"], ["mean", number(column.mean)],
      ["standard deviation", number(column.std)],
      ...(column.quantiles.length ? [["1 / 5 / 25 %", column.quantiles.slice(0, 3).map(number)
        .join(" / ")], ["median", number(column.quantiles[3])],
      ["75 / 95 / 99 %", column.quantiles.slice(4).map(number).join(" / ")]] : []),
    ])),
    column.bins.length ? part("Distribution", histogram(420, 130, null, column.bins, column.low,
      column.high)) : null,
    column.common.length ? part("Most common", bars(column.common.map(([label]) => label), null,
      column.common.map(([, n]) => n))) : null,
  ];
  return { column, inside, cells: [
    node("span", { class: "name", title: column.name }, column.name),
    node("span", { class: "soft" }, column.type),
    drawn.length ? histogram(120, 26, null, drawn, null, null) : node("span", {}),
    node("span", { class: "num" }, column.mean === null ? `${count(column.unique)} distinct`
      : `${number(column.mean)} ± ${number(column.std)}`),
    node("span", { class: said.length ? "warn" : "soft" }, said.join(", ") || "complete")] };
}

function profileReport() {
  const tone = (n) => (n > 0 ? "warn" : "");
  root.append(banner("", data.file, "What the file looks like"),
    counters([["rows", count(data.rows)], ["columns", count(data.all_columns)],
      ["cells missing", count(data.missing_cells), tone(data.missing_cells)],
      ["rows equal to an earlier one", count(data.duplicate_rows), tone(data.duplicate_rows)],
      ["empty rows", count(data.empty_rows), tone(data.empty_rows)],
      ["empty columns", count(data.empty_columns), tone(data.empty_columns)],
      ["constant columns", count(data.constant_columns), tone(data.constant_columns)],
      ["almost constant columns", count(data.almost_constant_columns),
        tone(data.almost_constant_columns)],
      ["pairs of equal columns", count(data.duplicate_columns), tone(data.duplicate_columns)]]),
    ...(data.twins.length ? [node("ul", { class: "findings card" }, ...data.twins.map(([a, b]) =>
      node("li", {}, `${a} and ${b} are equal in every row`)))] : []),
    node("h2", {}, "Columns, worst first"),
    ...list(["column", "type", "distribution", "mean ± standard deviation", "findings"],
      data.columns, profileRow, null));
  const shown = [["Pearson", data.pearson], ["Spearman", data.spearman],
    ["Cramér's V", data.cramer_v]].filter(([, part]) => part.names.length > 1);
  if (shown.length) {
    root.append(node("h2", {}, "How columns go together"),
      node("p", {}, data.correlation_rows < data.rows
        ? `of ${count(data.correlation_rows)} rows drawn at random` : "of all rows"),
      node("div", { class: "matrices" }, ...shown.map(([title, part]) =>
        matrix(title, part.names, part.values))));
  }
}

profileReport();
