// SPDX-License-Identifier: Apache-2.0
// A table whose rows exist only while they can be seen, so that thousands stay quick.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

export interface Column<T> {
  id: string;
  title: string;
  cell: (row: T) => ComponentChildren;
  right?: boolean; // numbers
  wrap?: boolean;
  sortable?: boolean;
  hint?: string; // what the full value is
}

export interface Sort {
  id: string;
  descending: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  sort?: Sort | null;
  onSort?: (sort: Sort) => void;
  total?: number;
  height?: number; // of the window; without it all rows are drawn
  onEnd?: () => void; // the last rows came into sight
  selected?: (row: T) => boolean;
  rowClass?: (row: T) => string;
}

const kRow = 36;
const kSpare = 12;

// Which rows to draw for a scroll position.
export function visibleRange(top: number, height: number, rows: number): [number, number] {
  const first = Math.max(0, Math.floor(top / kRow) - kSpare);
  const last = Math.min(rows, Math.ceil((top + height) / kRow) + kSpare);
  return [Math.min(first, Math.max(0, rows)), last];
}

export function Table<T>(props: Props<T>) {
  const { columns, rows, height } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const virtual = height !== undefined && rows.length > 60;
  const [first, last] = virtual ? visibleRange(top, height, rows.length) : [0, rows.length];
  const end = useRef(props.onEnd);
  end.current = props.onEnd;
  useEffect(() => {
    if (last >= rows.length && rows.length > 0) end.current?.();
  }, [last, rows.length]);
  const onScroll = () => {
    const now = box.current?.scrollTop ?? 0;
    // One row is enough of a change to draw again.
    if (virtual) setTop(Math.floor(now / kRow) * kRow);
    else if (box.current && now + box.current.clientHeight > box.current.scrollHeight - 400)
      end.current?.();
  };
  return (
    <div
      class="scroll"
      ref={box}
      style={height === undefined ? undefined : { maxHeight: `${height}px` }}
      onScroll={onScroll}
    >
      <table
        class="table"
        aria-label={props.label}
        aria-rowcount={(props.total ?? rows.length) + 1}
      >
        <thead>
          <tr>
            {columns.map((column) => (
              <TableHead key={column.id} column={column} sort={props.sort} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Space rows={first} columns={columns.length} />}
          {rows.slice(first, last).map((row, i) => (
            <tr
              key={props.rowKey(row)}
              aria-rowindex={first + i + 2}
              aria-selected={props.selected ? props.selected(row) : undefined}
              class={props.rowClass?.(row)}
            >
              {columns.map((column) => (
                <td
                  key={column.id}
                  class={`${column.right ? "n" : ""}${column.wrap ? " wrap" : ""}`}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {last < rows.length && <Space rows={rows.length - last} columns={columns.length} />}
        </tbody>
      </table>
    </div>
  );
}

function TableHead<T>({
  column,
  sort,
  onSort,
}: {
  column: Column<T>;
  sort?: Sort | null;
  onSort?: (sort: Sort) => void;
}) {
  const on = sort?.id === column.id;
  const title = column.title;
  return (
    <th
      scope="col"
      class={column.right ? "n" : ""}
      title={column.hint}
      aria-sort={on ? (sort.descending ? "descending" : "ascending") : undefined}
    >
      {column.sortable && onSort ? (
        <button
          type="button"
          onClick={() =>
            onSort({ id: column.id, descending: on ? !sort.descending : (column.right ?? false) })
          }
        >
          {title}
          {on && <Icon name={sort.descending ? "down" : "up"} />}
        </button>
      ) : (
        title
      )}
    </th>
  );
}

function Space({ rows, columns }: { rows: number; columns: number }) {
  return (
    <tr class="space">
      <td colSpan={columns} style={{ height: `${rows * kRow}px` }} />
    </tr>
  );
}

// Sorts a copy by what `value` gives: numbers as numbers, unknown always last.
export function sortRows<T>(
  rows: T[],
  value: (row: T) => number | string | null | undefined,
  descending: boolean,
): T[] {
  const sign = descending ? -1 : 1;
  const known = (v: number | string | null | undefined) =>
    v !== null && v !== undefined && v !== "" && !(typeof v === "number" && Number.isNaN(v));
  return rows
    .map((row, i) => ({ row, i, v: value(row) }))
    .sort((a, b) => {
      if (known(a.v) !== known(b.v)) return known(a.v) ? -1 : 1;
      if (!known(a.v)) return a.i - b.i;
      if (typeof a.v === "number" && typeof b.v === "number")
        return sign * (a.v - b.v) || a.i - b.i;
      return sign * String(a.v).localeCompare(String(b.v), "en", { numeric: true }) || a.i - b.i;
    })
    .map((entry) => entry.row);
}
