# SPDX-License-Identifier: Apache-2.0
"""The limit: both files decoded, a column after the other, on one thread, and thrown away."""

import sys

import pyarrow
import pyarrow.parquet

pyarrow.set_cpu_count(1)
for path in sys.argv[2:4]:
    file = pyarrow.parquet.ParquetFile(path)
    for column in file.schema_arrow.names:
        for group in range(file.num_row_groups):
            file.read_row_group(group, columns=[column], use_threads=False)
