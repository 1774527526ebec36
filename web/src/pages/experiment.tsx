// SPDX-License-Identifier: Apache-2.0
// The runs of one experiment: filtered and sorted by the server, page by page as one scrolls.
import { useEffect, useMemo, useState } from "preact/hooks";
import { address } from "../api/client";
import { usePages } from "../api/pages";
import { useGet } from "../api/query";
import type { Experiment, Run, RunKeys } from "../api/types";
import { between, duration, measure, number, toNumber } from "../format";
import { Ago, Card, Empty, Head, Loading, State, Trouble } from "../parts/basics";
import { ColumnMenu } from "../parts/columns";
import { Icon } from "../parts/icons";
import { type Column, type Sort, Table } from "../parts/table";
import { go, type Place, to, withQuery } from "../router";

const kFewColumns = 6;

// What somebody types: an expression as the tracking API knows it, or a piece of a run's name.
export function toFilter(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  if (/(=|<|>|\bi?like\b|\bin\b\s*\(|\bis\b.*\bnull\b)/i.test(trimmed)) return trimmed;
  return `attributes.run_name ILIKE '%${trimmed.replace(/['%]/g, "")}%'`;
}

// A metric or param as the tracking API quotes it in expressions.
export function orderBy(sort: Sort): string {
  const direction = sort.descending ? "DESC" : "ASC";
  const [kind, ...rest] = sort.id.split(".");
  const key = rest.join(".");
  if ((kind === "metrics" || kind === "params") && key)
    return `${kind}.\`${key.replace(/`/g, "")}\` ${direction}`;
  return `attributes.${sort.id} ${direction}`;
}

// The columns of one kind that are shown, as /runs is asked for them; "," is none.
export function wantedKeys(shown: string[], kind: string): string {
  const start = `${kind}.`;
  const keys = shown.filter((id) => id.startsWith(start)).map((id) => id.slice(start.length));
  return keys.join(",") || ",";
}

function valueColumn(id: string): Column<Run> {
  const key = id.slice(id.indexOf(".") + 1);
  if (id.startsWith("metrics.")) {
    return {
      id,
      title: key,
      hint: `metric ${key}`,
      right: true,
      sortable: true,
      cell: (run) => measure(run.metrics[key]),
    };
  }
  return {
    id,
    title: key,
    hint: `param ${key}`,
    right: true,
    sortable: true,
    cell: (run) => {
      const value = run.params[key];
      if (value === undefined) return <span class="faint">–</span>;
      return <span title={value}>{toNumber(value) === null ? value : number(value)}</span>;
    },
  };
}

function fixedColumns(chosen: Set<string>, toggle: (id: string) => void): Column<Run>[] {
  return [
    {
      id: "pick",
      title: "",
      cell: (run) => (
        <input
          type="checkbox"
          aria-label={`Choose ${run.name || run.id}`}
          checked={chosen.has(run.id)}
          onChange={() => toggle(run.id)}
        />
      ),
    },
    {
      id: "run_name",
      title: "Run",
      sortable: true,
      cell: (run) => (
        <a class="name" href={to`/runs/${run.id}`} title={run.name}>
          {run.name || run.id}
        </a>
      ),
    },
    { id: "status", title: "Status", sortable: true, cell: (run) => <State state={run.status} /> },
    { id: "start_time", title: "Started", sortable: true, cell: (run) => <Ago at={run.started} /> },
    {
      id: "duration",
      title: "Took",
      right: true,
      cell: (run) => duration(between(run.started, run.ended)),
    },
  ];
}

export function ExperimentPage({ id, place }: { id: string; place: Place }) {
  const experiment = useGet<Experiment>(address("/experiments/{}", [id]));
  const filter = place.query.get("filter") ?? "";
  const sortText = place.query.get("sort") ?? "-start_time";
  const sort: Sort = { id: sortText.replace(/^-/, ""), descending: sortText.startsWith("-") };
  const [draft, setDraft] = useState(filter);
  useEffect(() => setDraft(filter), [filter]);
  const keys = useGet<RunKeys>(address("/experiments/{}/keys", [id]), { on: ["run."] });
  const available = useMemo(
    () => [
      ...(keys.data?.metrics ?? []).map((key) => `metrics.${key}`),
      ...(keys.data?.params ?? []).map((key) => `params.${key}`),
    ],
    [keys.data],
  );
  const [picked, setPicked] = useState<string[] | null>(null);
  const shown = picked ?? [
    ...available.filter((c) => c.startsWith("metrics.")).slice(0, kFewColumns),
    ...available.filter((c) => c.startsWith("params.")).slice(0, 3),
  ];
  const runs = usePages<Run>(
    (token) =>
      address("/runs", [], {
        experiment_id: id,
        filter: toFilter(filter),
        order_by: orderBy(sort),
        // Runs may have thousands of metrics: only what is shown comes along.
        metrics: wantedKeys(shown, "metrics"),
        params: wantedKeys(shown, "params"),
        tags: ",",
        page_size: 100,
        page_token: token,
      }),
    ["run."],
  );
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const toggle = (run: string) =>
    setChosen((was) => {
      const next = new Set(was);
      if (!next.delete(run)) next.add(run);
      return next;
    });
  const columns = [...fixedColumns(chosen, toggle), ...shown.map(valueColumn)];
  const compare = () => go(`#/compare?runs=${[...chosen].map(encodeURIComponent).join(",")}`);
  return (
    <>
      <Head
        title={experiment.data?.name ?? `Experiment ${id}`}
        crumbs={[{ text: "Experiments", href: "#/experiments" }]}
        sub={
          runs.loaded ? (
            <span class="num">
              {runs.more ? `${runs.items.length}+ runs` : `${runs.items.length} runs`}
            </span>
          ) : (
            "Loading its runs"
          )
        }
        actions={
          <button
            type="button"
            class="btn primary"
            disabled={chosen.size < 2}
            onClick={compare}
            title={chosen.size < 2 ? "Choose two runs or more" : undefined}
          >
            Compare {chosen.size >= 2 ? chosen.size : ""} runs
          </button>
        }
      />
      {experiment.error && <Trouble error={experiment.error} retry={experiment.refresh} />}
      <form
        class="row toolbar"
        onSubmit={(event) => {
          event.preventDefault();
          go(withQuery(place, { filter: draft }), true);
        }}
      >
        <label class="search grow">
          <Icon name="search" />
          <span class="sr">Filter runs</span>
          <input
            class="input"
            value={draft}
            placeholder="A name, or metrics.auc > 0.7 AND (params.depth = '4' OR tags.team = 'ops')"
            onInput={(event) => setDraft(event.currentTarget.value)}
            spellcheck={false}
          />
        </label>
        <button type="submit" class="btn">
          Filter
        </button>
        {filter && (
          <button
            type="button"
            class="btn quiet"
            onClick={() => go(withQuery(place, { filter: null }), true)}
          >
            Clear
          </button>
        )}
        <ColumnMenu available={available} shown={shown} change={setPicked} />
      </form>
      {runs.error && <Trouble error={runs.error} retry={runs.refresh} />}
      <Card flush>
        {!runs.loaded && !runs.error && <Loading lines={8} />}
        {runs.loaded && runs.items.length === 0 && (
          <Empty
            icon="experiments"
            title={filter ? "No run matches" : "No runs yet"}
            command={filter ? undefined : `export MLFLOW_TRACKING_URI=${location.origin}`}
          >
            {filter
              ? "Try another expression, or clear the filter."
              : "Runs that a client logs to this experiment appear here at once."}
          </Empty>
        )}
        {runs.items.length > 0 && (
          <Table
            label="Runs"
            columns={columns}
            rows={runs.items}
            rowKey={(run) => run.id}
            sort={sort}
            onSort={(next) =>
              go(withQuery(place, { sort: `${next.descending ? "-" : ""}${next.id}` }), true)
            }
            height={Math.max(360, window.innerHeight - 260)}
            onEnd={runs.next}
            selected={(run) => chosen.has(run.id)}
          />
        )}
      </Card>
    </>
  );
}
