// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { useGet } from "../api/query";
import type { Experiment, List } from "../api/types";
import { Ago, Card, Empty, Head, Ready } from "../parts/basics";
import { type Column, type Sort, sortRows, Table } from "../parts/table";
import { to } from "../router";

const kColumns: Column<Experiment>[] = [
  {
    id: "name",
    title: "Name",
    sortable: true,
    cell: (e) => (
      <a class="name" href={to`/experiments/${e.id}`}>
        {e.name}
      </a>
    ),
  },
  { id: "runs", title: "Runs", right: true, sortable: true, cell: (e) => e.runs ?? "–" },
  {
    id: "updated",
    title: "Last change",
    sortable: true,
    cell: (e) => <Ago at={e.updated ?? e.created} />,
  },
  { id: "created", title: "Created", sortable: true, cell: (e) => <Ago at={e.created} /> },
  { id: "id", title: "Id", cell: (e) => <code class="faint">{e.id}</code> },
];

export function ExperimentsPage() {
  const experiments = useGet<List<Experiment>>("/api/v1/experiments", {
    on: ["run.", "experiment."],
  });
  const [sort, setSort] = useState<Sort>({ id: "updated", descending: true });
  return (
    <>
      <Head title="Experiments" sub="Named questions, each with its runs." />
      <Card flush>
        <Ready of={experiments}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty
                icon="experiments"
                title="No experiments yet"
                command={`export MLFLOW_TRACKING_URI=${location.origin}`}
              >
                Point the mlflow client at this server and log a run; it appears here at once.
              </Empty>
            ) : (
              <Table
                label="Experiments"
                columns={kColumns.filter(
                  (c) =>
                    c.id !== "runs" ||
                    data.items.some((e) => e.runs !== undefined && e.runs !== null),
                )}
                rows={sortRows(
                  data.items,
                  (e) =>
                    (sort.id === "updated"
                      ? (e.updated ?? e.created)
                      : e[sort.id as keyof Experiment]) as string | number | null,
                  sort.descending,
                )}
                rowKey={(e) => e.id}
                sort={sort}
                onSort={setSort}
                height={680}
              />
            )
          }
        </Ready>
      </Card>
    </>
  );
}
