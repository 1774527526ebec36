# SPDX-License-Identifier: Apache-2.0
"""Writes recorded.json: what Evidently answers for the columns of cases.py.

python -m venv /tmp/evidently && /tmp/evidently/bin/pip install evidently==0.7.23 'pandas<3'
/tmp/evidently/bin/python tests/clients/evidently/record.py
"""

import json
import math
import warnings
from importlib.metadata import version
from pathlib import Path

import cases
import numpy as np
import pandas as pd
from evidently import Report
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType
from evidently.presets import DataDriftPreset

warnings.filterwarnings("ignore")


def cleaned(values) -> pd.Series:
    return pd.Series(values).replace([-np.inf, np.inf], np.nan).dropna()


def answer(reference: pd.Series, current: pd.Series, kind: ColumnType, method: str | None) -> dict:
    try:
        test = get_stattest(reference, current, kind, method)
        got = test(reference, current, kind, None)
        score = float(got.drift_score)
        return {
            "method": test.name,
            "score": score if math.isfinite(score) else None,
            "drifted": bool(got.drifted),
            "threshold": got.actual_threshold,
        }
    except Exception as why:  # what it makes of the data is the record
        return {"error": f"{type(why).__name__}: {why}"[:200]}


def columns(pairs: dict, kind: ColumnType, methods: list[str]) -> dict:
    out = {}
    for name, (a, b) in pairs.items():
        reference, current = cleaned(a), cleaned(b)
        out[name] = {m: answer(reference, current, kind, m) for m in methods}
        out[name]["auto"] = answer(reference, current, kind, None)
    return out


def report(reference: pd.DataFrame, current: pd.DataFrame) -> dict:
    found = Report([DataDriftPreset()]).run(current, reference).dict()["metrics"]
    out = {"columns": {}}
    for metric in found:
        config = metric["config"]
        if "column" in config:
            out["columns"][config["column"]] = {
                "method": config["method"],
                "score": float(metric["value"]),
                "threshold": config["threshold"],
            }
        else:
            out["drifted_columns"] = metric["value"]["count"]
            out["share"] = metric["value"]["share"]
    return out


def main() -> None:
    document = {
        "evidently": version("evidently"),
        "scipy": version("scipy"),
        "scikit-learn": version("scikit-learn"),
        "numerical": columns(cases.numerical(), ColumnType.Numerical, cases.NUMERICAL),
        "categorical": columns(cases.categorical(), ColumnType.Categorical, cases.CATEGORICAL),
        "text": columns(cases.texts(), ColumnType.Text, cases.TEXT),
        "frames": {name: report(a, b) for name, (a, b) in cases.frames().items()},
    }
    path = Path(__file__).with_name("recorded.json")
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    print(path)


if __name__ == "__main__":
    main()
