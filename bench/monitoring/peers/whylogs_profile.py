# SPDX-License-Identifier: Apache-2.0
"""whylogs profiles of both files."""

import sys

import pandas
import whylogs

_, reference, current, out = sys.argv[1:]
for path, end in ((reference, ".reference.bin"), (current, ".current.bin")):
    whylogs.log(pandas.read_parquet(path)).view().write(out + end)
