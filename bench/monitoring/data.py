# SPDX-License-Identifier: Apache-2.0
"""Pairs of Parquet files: two thirds numbers, one third texts, a few columns of the second moved.
Made a row group at a time, so that any size fits into memory."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUP = 100_000


def table(random: np.random.Generator, rows: int, columns: int, moved: bool) -> pa.Table:
    out = {}
    for i in range(columns):
        shift = 0.3 if moved and i % 7 == 0 else 0.0
        if i % 3 == 2:
            size = (5, 50, 300)[i // 3 % 3]
            weights = np.arange(1, size + 1, dtype=float) ** (-1.0 - shift)
            chosen = random.choice(size, rows, p=weights / weights.sum()).astype(np.int32)
            values = pa.array([f"category {k}" for k in range(size)])
            column = pa.DictionaryArray.from_arrays(chosen, values).cast(pa.string())
        elif i % 3 == 1:
            column = pa.array(random.gamma(2 + shift, 3, rows).round(3))
        else:
            values = random.normal(shift, 1, rows)
            column = pa.array(values, mask=random.random(rows) < 0.02)
        out[f"c{i}"] = column
    return pa.table(out)


def write(path, rows: int, columns: int, moved: bool) -> None:
    random = np.random.default_rng(17 + moved)
    group = max(1, min(GROUP, 3_000_000 // columns))
    writer = None
    for start in range(0, rows, group):
        part = table(random, min(group, rows - start), columns, moved)
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    writer.close()


if __name__ == "__main__":
    import sys

    write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "moved")
