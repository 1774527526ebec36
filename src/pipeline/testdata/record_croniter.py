# SPDX-License-Identifier: Apache-2.0
"""Writes cron_croniter.tsv, what croniter answers, for cron_test.cc. Needs croniter 7, tzdata."""

import datetime
import random
import sys
import zoneinfo

from croniter import croniter

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "Europe/Dublin",
    "Pacific/Apia",
    "Africa/Casablanca",
]
STARTS = [
    "2024-03-10T00:30:00",
    "2024-03-31T00:10:00",
    "2024-10-27T00:30:10",
    "2024-11-03T00:59:59",
    "2024-02-28T23:59:00",
    "2023-12-31T23:30:00",
    "2024-04-07T01:00:00",
    "2024-10-06T01:45:00",
    "2041-03-30T22:00:00",
    "2016-10-15T12:00:00",
]
EXPRESSIONS = [
    "* * * * *",
    "*/15 * * * *",
    "0 3 * * *",
    "30 2 * * *",
    "30 1 * * *",
    "0 0 1 * *",
    "0 12 * * mon-fri",
    "0 0 29 2 *",
    "15 10 1,15 * fri",
    "*/7 */5 * * *",
    "0 0 31 * *",
    "5 4 * jan,jul sun",
    "0 22 * * 1-5",
    "@weekly",
    "@hourly",
    "@yearly",
    "0 */2 * * *",
    "0 0 * * fri-mon",
    "10/20 * * * *",
    "30 2 * * sun",
    "0 1-3 * * *",
    "59 23 31 dec *",
    "0 0 1 nov-feb/2 ?",
    "45 1 * 10,11 0",
    "0 0 */2 * 1",
    "0 0 1-31 * 3",
    "1 2 3 4 5",
    "*/30 1,2 * * *",
    "0 0 * * 7",
    "0 0 1-7 * 1",
    "20-40/5 8-18/3 * * *",
    "0 0 * * *",
]


def random_field(rng, low, high):
    kind = rng.randrange(6)
    a, b = rng.randint(low, high), rng.randint(low, high)
    return [
        "*",
        f"*/{rng.randint(1, high)}",
        str(a),
        f"{a},{b}",
        f"{min(a, b)}-{max(a, b)}",
        f"{min(a, b)}-{max(a, b)}/{rng.randint(1, 5)}",
    ][kind]


def main():
    rng = random.Random(7)
    cases = [(e, z, s) for e in EXPRESSIONS for z in ZONES for s in rng.sample(STARTS, 3)]
    for _ in range(700):
        expression = " ".join(
            random_field(rng, *b) for b in [(0, 59), (0, 23), (1, 28), (1, 12), (0, 6)]
        )
        cases.append((expression, rng.choice(ZONES), rng.choice(STARTS)))
    for expression, zone, start in cases:
        tz = zoneinfo.ZoneInfo(zone)
        at = datetime.datetime.fromisoformat(start).replace(tzinfo=datetime.UTC)
        it = croniter(expression, at.astimezone(tz), ret_type=datetime.datetime)
        out = [str(int(it.get_next().timestamp())) for _ in range(4)]
        sys.stdout.write(f"{expression}\t{zone}\t{int(at.timestamp())}\t{' '.join(out)}\n")


if __name__ == "__main__":
    main()
