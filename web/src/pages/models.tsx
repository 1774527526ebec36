// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { address } from "../api/client";
import { usePages } from "../api/pages";
import type { Model } from "../api/types";
import { Ago, Badge, Card, Empty, Head, Pages } from "../parts/basics";
import { type Column, type Sort, sortRows, Table } from "../parts/table";
import { to } from "../router";

export function Aliases({ model, aliases }: { model: string; aliases: Record<string, string> }) {
  const entries = Object.entries(aliases).sort();
  if (entries.length === 0) return <span class="faint">–</span>;
  return (
    <span class="row">
      {entries.map(([alias, version]) => (
        <a key={alias} href={to`/models/${model}/versions/${version}`}>
          <Badge tone={alias === "champion" ? "good" : "accent"}>
            {alias} v{version}
          </Badge>
        </a>
      ))}
    </span>
  );
}

const kColumns: Column<Model>[] = [
  {
    id: "name",
    title: "Model",
    sortable: true,
    cell: (m) => (
      <a class="name" href={to`/models/${m.name}`}>
        {m.name}
      </a>
    ),
  },
  {
    id: "aliases",
    title: "Aliases",
    cell: (m) => <Aliases model={m.name} aliases={m.aliases ?? {}} />,
  },
  {
    id: "latest_version",
    title: "Latest",
    right: true,
    cell: (m) => (m.latest_version ? `v${m.latest_version}` : "–"),
  },
  {
    id: "updated",
    title: "Last change",
    sortable: true,
    cell: (m) => <Ago at={m.updated ?? m.created} />,
  },
];

export function ModelsPage() {
  const models = usePages<Model>(
    (token) => address("/models", [], { page_token: token }),
    ["model."],
    (model) => model.name,
  );
  const [sort, setSort] = useState<Sort>({ id: "name", descending: false });
  return (
    <>
      <Head title="Registry" sub="Models, their versions, and who may serve." />
      <Card flush>
        <Pages of={models}>
          {(items) =>
            items.length === 0 ? (
              <Empty
                icon="models"
                title="No models yet"
                command='mlflow.register_model(f"runs:/{run_id}/model", "flights")'
              >
                Register a run's model with the mlflow client; its version keeps the way back to the
                run, the data and the commit.
              </Empty>
            ) : (
              <Table
                label="Models"
                columns={kColumns}
                rows={sortRows(
                  items,
                  (m) => (sort.id === "updated" ? (m.updated ?? m.created) : m.name),
                  sort.descending,
                )}
                rowKey={(m) => m.name}
                sort={sort}
                onSort={setSort}
                height={680}
                onEnd={models.next}
              />
            )
          }
        </Pages>
      </Card>
    </>
  );
}
