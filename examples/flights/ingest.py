# SPDX-License-Identifier: Apache-2.0
"""Delivers flights to data/flights, one file a month, as an airline's feed would do.

python ingest.py --from 2013-01-01 --to 2013-03-31
slipway data add data/flights
"""

import argparse
from pathlib import Path

import pandas as pd

import flights


def deliver(rows: pd.DataFrame, folder: Path) -> None:
    """Appends to the month's file what it does not have yet; rows come in the order of days."""
    folder.mkdir(parents=True, exist_ok=True)
    for month, part in rows.groupby(rows.day.str[:7]):
        path = folder / f"{month}.csv"
        if path.exists():
            part = part[part.day > pd.read_csv(path, usecols=["day"]).day.max()]
        rows_before = path.read_text() if path.exists() else ""
        new = folder.parent / f".{month}.csv"  # complete before anybody sees it under its name
        new.write_text(rows_before + part.to_csv(header=not rows_before, index=False))
        new.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="first", default="2013-01-01")
    parser.add_argument("--to", dest="last", default="2013-03-31")
    parser.add_argument("--folder", type=Path, default=Path("data/flights"))
    args = parser.parse_args()
    rows = flights.table()
    rows = rows[(rows.day >= args.first) & (rows.day <= args.last)]
    deliver(rows, args.folder)
    print(f"{len(rows)} flights of {args.first} to {args.last} in {args.folder}")


if __name__ == "__main__":
    main()
