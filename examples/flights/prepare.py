# SPDX-License-Identifier: Apache-2.0
"""Month files -> training set and hold-out. Every tenth day is held out as a whole: flights of one
day share its weather, so a random split would let the model see the answers."""

import argparse
from pathlib import Path

import pandas as pd

import flights

HOLD_OUT_EVERY = 10  # days


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/flights"))
    parser.add_argument("--out", type=Path, default=Path("work"))
    args = parser.parse_args()
    files = sorted(args.data.glob("*.csv"))
    if not files:
        raise SystemExit(f"error: no month file in {args.data}\nhint: run ingest.py first")
    rows = pd.concat([flights.read(path) for path in files])
    held_out = pd.to_datetime(rows.day).dt.dayofyear % HOLD_OUT_EVERY == 0
    args.out.mkdir(parents=True, exist_ok=True)
    rows[~held_out].to_csv(args.out / "train.csv", index=False)
    rows[held_out].to_csv(args.out / "holdout.csv", index=False)
    print(
        f"{len(rows)} flights of {len(files)} months: {(~held_out).sum()} to train on, "
        f"{held_out.sum()} held out"
    )


if __name__ == "__main__":
    main()
