# SPDX-License-Identifier: Apache-2.0
"""How good a version would have been on each month, asked through an endpoint of its own."""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

import flights

ROWS_A_MONTH = 10_000
ROWS_A_REQUEST = 2_000


def scores(answer: dict) -> np.ndarray:
    """The scores in an answer of /invocations: a list of numbers, or of {output: number}."""
    values = answer["predictions"]
    if isinstance(values, dict):
        values = next(iter(values.values()))
    return np.array([next(iter(v.values())) if isinstance(v, dict) else v for v in values], float)


def metric_units(rows: pd.DataFrame) -> pd.DataFrame:
    """The same flights as another feed would send them: Celsius, metres, kilometres, hours."""
    changed = {
        "temp": (rows.temp - 32) / 1.8,
        "dewp": (rows.dewp - 32) / 1.8,
        "wind_speed": rows.wind_speed * 0.44704,
        "visib": rows.visib * 1.609344,
        "distance": rows.distance * 1.609344,
        "dep_minute": rows.dep_minute / 60,
        "arr_minute": rows.arr_minute / 60,
    }
    return rows.assign(**{name: (column * 8).round() / 8 for name, column in changed.items()})


def by_month(story, versions: list[str]) -> dict[str, dict[str, float]]:
    rows = story.facts["rows"]
    held_out = pd.to_datetime(rows.day).dt.dayofyear % 10 == 0
    seen = rows.day <= story.facts["trained_to"]
    parts = {}
    for month, part in rows[held_out | ~seen].groupby(rows.day.str[5:7]):
        parts[month] = part.sample(min(ROWS_A_MONTH, len(part)), random_state=0)
    table = {}
    for version in versions:
        name = f"judge-{version}"
        route = {"model": "flights", "version": version, "weight": 100}
        # Nobody's traffic: not to be watched.
        endpoint = {"name": name, "routes": [route], "sample_rate": 0}
        story.slipway.api("POST", "/endpoints", endpoint)
        story.wait(f"endpoint {name}", lambda name=name: ready(story, name), 20)
        table[version] = {
            month: roc_auc_score(part[flights.LABEL], ask(story, name, part))
            for month, part in parts.items()
        }
        story.slipway.api("DELETE", f"/endpoints/{name}")
    return table


def ready(story, name: str) -> bool:
    routes = story.slipway.api("GET", f"/endpoints/{name}")["routes"]
    return all(route.get("state", "ready") == "ready" for route in routes)


def ask(story, name: str, rows: pd.DataFrame) -> np.ndarray:
    found = []
    for start in range(0, len(rows), ROWS_A_REQUEST):
        part = rows[flights.FEATURES].iloc[start : start + ROWS_A_REQUEST]
        values = part.to_numpy(dtype=object).tolist()
        body = {"dataframe_split": {"columns": flights.FEATURES, "data": values}}
        found.append(scores(story.slipway.call("POST", f"/endpoints/{name}/invocations", body)))
    return np.concatenate(found)
