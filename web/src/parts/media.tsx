// SPDX-License-Identifier: Apache-2.0
// What a run shows besides numbers, series by series, with a slider over the steps.
import { useState } from "preact/hooks";
import { address } from "../api/client";
import { useGet } from "../api/query";
import type { List, Series, SeriesEntry } from "../api/types";
import { number } from "../format";
import { fileAddress } from "./artifacts";
import { Card, Empty, Ready } from "./basics";

const kMostRows = 50;

export function Media({ run }: { run: string }) {
  const all = useGet<List<Series>>(address("/runs/{}/series", [run], { page_size: 200 }), {
    on: ["run."],
    everyMs: 10_000,
  });
  return (
    <Ready of={all} lines={6}>
      {(data) =>
        data.items.length === 0 ? (
          <Card>
            <Empty
              icon="experiments"
              title="No images, tables or histograms"
              command='mlflow.log_image(image, key="sample", step=1)'
            >
              Typed series of the run are shown here, step by step.
            </Empty>
          </Card>
        ) : (
          <div class="grid">
            {data.items.map((series) => (
              <SeriesCard key={series.key} run={run} series={series} />
            ))}
          </div>
        )
      }
    </Ready>
  );
}

function SeriesCard({ run, series }: { run: string; series: Series }) {
  const entries = useGet<List<SeriesEntry>>(
    address("/runs/{}/series/{}", [run, series.key], { page_size: 1000 }),
    { on: ["run."], everyMs: 10_000 },
  );
  const [chosen, setChosen] = useState<number | null>(null);
  return (
    <Card
      class="span-4"
      title={<span class="clip">{series.key}</span>}
      note={`${series.kind} · ${series.entries}`}
    >
      <Ready of={entries}>
        {(data) => {
          const last = data.items.length - 1;
          const entry = data.items[Math.min(chosen ?? last, last)];
          if (!entry) return <p class="faint">Nothing yet.</p>;
          return (
            <div class="stack">
              <Shown run={run} kind={series.kind} name={series.key} entry={entry} />
              {last > 0 && (
                <label class="row small">
                  <span class="num">step {number(entry.step)}</span>
                  <input
                    type="range"
                    min={0}
                    max={last}
                    value={Math.min(chosen ?? last, last)}
                    aria-label={`Step of ${series.key}`}
                    onInput={(event) => setChosen(Number(event.currentTarget.value))}
                  />
                </label>
              )}
            </div>
          );
        }}
      </Ready>
    </Card>
  );
}

function Shown({
  run,
  kind,
  name,
  entry,
}: {
  run: string;
  kind: string;
  name: string;
  entry: SeriesEntry;
}) {
  const what = `${name} at step ${entry.step}`;
  if (entry.path) {
    const file = fileAddress(run, entry.path);
    if (kind === "image") return <img class="media" src={file} alt={what} loading="lazy" />;
    // biome-ignore lint/a11y/useMediaCaption: sounds that a run logged have none
    if (kind === "audio") return <audio controls src={file} aria-label={what} />;
    return <a href={file}>{entry.path}</a>;
  }
  if (kind === "text") return <p class="small">{String(entry.content)}</p>;
  const content = entry.content as Record<string, unknown>;
  if (kind === "histogram") {
    return (
      <Bars label={what} counts={content.counts as number[]} edges={content.edges as number[]} />
    );
  }
  if (kind === "table") {
    return <Rows columns={content.columns as unknown[]} data={content.data as unknown[][]} />;
  }
  return null;
}

function Bars({ label, counts, edges }: { label: string; counts: number[]; edges: number[] }) {
  const most = Math.max(...counts, 1e-300);
  const width = 100 / counts.length;
  return (
    <figure>
      <svg
        class="media"
        viewBox="0 0 100 40"
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {counts.map((count, i) => (
          <rect
            key={i}
            x={i * width}
            y={40 - (40 * count) / most}
            width={width * 0.95}
            height={(40 * count) / most}
          />
        ))}
      </svg>
      <figcaption class="row small faint">
        <span class="num">{number(edges[0])}</span>
        <span class="num push">{number(edges[edges.length - 1])}</span>
      </figcaption>
    </figure>
  );
}

function Rows({ columns, data }: { columns: unknown[]; data: unknown[][] }) {
  return (
    <div class="scroll tall">
      <table class="table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={String(column)} scope="col">
                {String(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.slice(0, kMostRows).map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j}>{typeof cell === "object" ? JSON.stringify(cell) : String(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {data.length > kMostRows && (
        <p class="small faint">
          The first {kMostRows} of {data.length} rows.
        </p>
      )}
    </div>
  );
}
