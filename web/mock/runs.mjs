// SPDX-License-Identifier: Apache-2.0
// What the fake server does with a list of runs: finds, orders, and leaves out what is not asked for.

// The names of what runs report.
export function keys(runs) {
  const names = (kind) => [...new Set(runs.flatMap((run) => Object.keys(run[kind])))].sort();
  return { metrics: names("metrics"), params: names("params") };
}

// A run with the keys that were asked for; "," asks for none.
export function only(run, query) {
  const out = { ...run };
  for (const kind of ["metrics", "params", "tags"]) {
    if (!query.has(kind)) continue;
    const wanted = query.get(kind).split(",");
    out[kind] = Object.fromEntries(
      Object.entries(run[kind] ?? {}).filter(([key]) => wanted.includes(key)),
    );
  }
  return out;
}

export function sorted(runs, order) {
  const [, kind, key, direction] = /^(\w+)\.`?([^`]+?)`? (ASC|DESC)$/.exec(order ?? "") ?? [];
  if (!key) return [...runs].reverse();
  const of = (run) =>
    kind === "metrics"
      ? run.metrics[key]
      : kind === "params"
        ? run.params[key]
        : { run_name: run.name, start_time: run.started, status: run.status }[key];
  return [...runs].sort((a, b) =>
    of(a) === undefined
      ? 1
      : of(b) === undefined
        ? -1
        : (of(a) > of(b) ? 1 : of(a) < of(b) ? -1 : 0) * (direction === "DESC" ? -1 : 1),
  );
}

export function search(runs, filter) {
  const name = /ILIKE '%(.*)%'/.exec(filter ?? "");
  if (name) return runs.filter((run) => run.name.toLowerCase().includes(name[1].toLowerCase()));
  const metric = /metrics\.`?(\w+)`? *([<>]) *([\d.]+)/.exec(filter ?? "");
  if (metric)
    return runs.filter((run) =>
      metric[2] === ">"
        ? run.metrics[metric[1]] > Number(metric[3])
        : run.metrics[metric[1]] < Number(metric[3]),
    );
  return runs;
}
