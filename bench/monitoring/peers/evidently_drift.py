# SPDX-License-Identifier: Apache-2.0
"""Evidently's DataDriftPreset with its defaults: two Parquet files in, JSON out."""

import sys

import pandas
from evidently import Report
from evidently.presets import DataDriftPreset, DataSummaryPreset

what, reference, current, out = sys.argv[1:]
preset = DataDriftPreset() if what == "drift" else DataSummaryPreset()
report = Report([preset])
done = report.run(pandas.read_parquet(current), pandas.read_parquet(reference))
with open(out, "w") as file:
    file.write(done.json())
