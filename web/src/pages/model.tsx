// SPDX-License-Identifier: Apache-2.0
// One model: its versions and the history of who moved what, and why.
import { address } from "../api/client";
import { useGet } from "../api/query";
import type { HistoryEntry, List, Model, ModelVersion } from "../api/types";
import { measure } from "../format";
import { Ago, Badge, Card, Empty, Head, Ready, Stage } from "../parts/basics";
import { type Column, Table } from "../parts/table";
import { to } from "../router";
import { Aliases } from "./models";
import { Hash } from "./run";

function columnsFor(versions: ModelVersion[]): Column<ModelVersion>[] {
  const keys = [...new Set(versions.flatMap((v) => Object.keys(v.lineage?.metrics ?? {})))]
    .sort()
    .slice(0, 4);
  return [
    {
      id: "version",
      title: "Version",
      cell: (v) => (
        <a class="name num" href={to`/models/${v.model}/versions/${v.version}`}>
          v{v.version}
        </a>
      ),
    },
    {
      id: "aliases",
      title: "Aliases and stage",
      cell: (v) => (
        <span class="row">
          {v.aliases.map((alias) => (
            <Badge key={alias} tone={alias === "champion" ? "good" : "accent"}>
              {alias}
            </Badge>
          ))}
          <Stage stage={v.stage} />
          {v.aliases.length === 0 && (!v.stage || v.stage.toLowerCase() === "none") && (
            <span class="faint">–</span>
          )}
        </span>
      ),
    },
    ...keys.map(
      (key): Column<ModelVersion> => ({
        id: key,
        title: key,
        right: true,
        cell: (v) => measure(v.lineage?.metrics[key]),
      }),
    ),
    {
      id: "run",
      title: "Run",
      cell: (v) =>
        v.run_id ? (
          <a class="mono small" href={to`/runs/${v.run_id}`}>
            {v.run_id.slice(0, 8)}
          </a>
        ) : (
          <span class="faint">–</span>
        ),
    },
    {
      id: "commit",
      title: "Commit",
      cell: (v) =>
        v.lineage?.git_commit ? <Hash text={v.lineage.git_commit} /> : <span class="faint">–</span>,
    },
    { id: "created", title: "Created", cell: (v) => <Ago at={v.created} /> },
  ];
}

export function ModelPage({ name }: { name: string }) {
  const model = useGet<Model>(address("/models/{}", [name]), { on: ["model."] });
  const versions = useGet<List<ModelVersion>>(address("/models/{}/versions", [name]), {
    on: ["model."],
  });
  const history = useGet<List<HistoryEntry>>(address("/models/{}/history", [name]), {
    on: ["model."],
  });
  return (
    <>
      <Head
        title={name}
        crumbs={[{ text: "Registry", href: "#/models" }]}
        sub={model.data ? <Aliases model={name} aliases={model.data.aliases ?? {}} /> : undefined}
      />
      {model.data?.description && <p class="muted">{model.data.description}</p>}
      <Card title="Versions" note={versions.data ? versions.data.items.length : undefined} flush>
        <Ready of={versions}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty
                icon="models"
                title="No versions yet"
                command={`mlflow.register_model(f"runs:/{run_id}/model", "${name}")`}
              />
            ) : (
              <Table
                label="Versions"
                columns={columnsFor(data.items)}
                rows={[...data.items].sort((a, b) =>
                  b.version.localeCompare(a.version, "en", { numeric: true }),
                )}
                rowKey={(v) => v.version}
                height={520}
              />
            )
          }
        </Ready>
      </Card>
      <Card title="History" note="append-only; every change with its actor and reason" flush>
        <Ready of={history}>{(data) => <History items={data.items} />}</Ready>
      </Card>
    </>
  );
}

const spoken = (action: string) => action.replace(/^model\./, "").replace(/[_.]/g, " ");

function History({ items }: { items: HistoryEntry[] }) {
  if (items.length === 0) return <Empty icon="commit" title="Nothing was changed yet" />;
  const columns: Column<HistoryEntry>[] = [
    { id: "at", title: "When", cell: (h) => <Ago at={h.at} /> },
    { id: "actor", title: "Who", cell: (h) => h.actor },
    { id: "action", title: "What", cell: (h) => spoken(h.action) },
    { id: "version", title: "Version", cell: (h) => (h.version ? `v${h.version}` : "") },
    {
      id: "change",
      title: "From → to",
      cell: (h) =>
        h.from || h.to ? (
          <span>
            <span class="faint">{h.from || "none"}</span> → {h.to || "none"}
          </span>
        ) : (
          ""
        ),
    },
    {
      id: "reason",
      title: "Why",
      wrap: true,
      cell: (h) => h.reason || <span class="faint">no reason given</span>,
    },
  ];
  const newest = [...items].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <Table
      label="History"
      columns={columns}
      rows={newest}
      rowKey={(h) => `${h.at}${h.action}${h.version}${h.to}`}
      height={undefined}
    />
  );
}
