// SPDX-License-Identifier: Apache-2.0
// Which metrics and params a table of runs shows.
import { useState } from "preact/hooks";
import { Icon } from "./icons";

const kTitles: Record<string, string> = { metrics: "Metrics", params: "Params" };

export function ColumnMenu({
  available,
  shown,
  change,
}: {
  available: string[];
  shown: string[];
  change: (shown: string[]) => void;
}) {
  const [search, setSearch] = useState("");
  const set = new Set(shown);
  const toggle = (id: string) =>
    change(
      set.has(id) ? shown.filter((c) => c !== id) : available.filter((c) => set.has(c) || c === id),
    );
  const found = available.filter((id) => id.toLowerCase().includes(search.toLowerCase()));
  return (
    <details class="menu">
      <summary class="btn">
        <Icon name="columns" />
        Columns
      </summary>
      <div>
        <input
          class="input wide"
          placeholder="Find a column"
          aria-label="Find a column"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        {["metrics", "params"].map((kind) => {
          const some = found.filter((id) => id.startsWith(`${kind}.`));
          if (some.length === 0) return null;
          return (
            <div key={kind}>
              <h3>{kTitles[kind]}</h3>
              {some.slice(0, 200).map((id) => (
                <label key={id}>
                  <input type="checkbox" checked={set.has(id)} onChange={() => toggle(id)} />
                  <span class="clip">{id.slice(kind.length + 1)}</span>
                </label>
              ))}
            </div>
          );
        })}
        {found.length === 0 && <p class="faint small">Nothing to choose.</p>}
      </div>
    </details>
  );
}
