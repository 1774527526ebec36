# SPDX-License-Identifier: Apache-2.0
"""The tests that Evidently chooses for large data, in SQL: Wasserstein over the reference's
standard deviation for numbers, Jensen-Shannon for texts; or PSI of all columns in equal bins."""

import json
import math
import sys

import duckdb

what, reference, current, out = sys.argv[1:]
db = duckdb.connect()
db.execute("SET threads=2")
types = {r[0]: r[1] for r in db.execute(f"DESCRIBE SELECT * FROM '{reference}'").fetchall()}

# W1 is the integral of the difference of the two distribution functions.
WASSERSTEIN = """
WITH points AS (
  SELECT x, sum(a) AS a, sum(b) AS b FROM (
    SELECT "{c}" AS x, 1 AS a, 0 AS b FROM '{r}' WHERE "{c}" IS NOT NULL
    UNION ALL SELECT "{c}", 0, 1 FROM '{k}' WHERE "{c}" IS NOT NULL) GROUP BY x),
steps AS (
  SELECT x, lead(x) OVER w AS next, sum(a) OVER w AS fa, sum(b) OVER w AS fb FROM points
  WINDOW w AS (ORDER BY x))
SELECT sum(abs(fa / n.a - fb / n.b) * (next - x)) /
       (SELECT stddev_pop("{c}") FROM '{r}')
FROM steps, (SELECT sum(a) AS a, sum(b) AS b FROM points) AS n WHERE next IS NOT NULL
"""
SHARES = """
SELECT v, sum(a) / sum(sum(a)) OVER (), sum(b) / sum(sum(b)) OVER () FROM (
  SELECT {e} AS v, 1 AS a, 0 AS b FROM '{r}' WHERE "{c}" IS NOT NULL
  UNION ALL SELECT {e}, 0, 1 FROM '{k}' WHERE "{c}" IS NOT NULL) GROUP BY v
"""


def jensen_shannon(rows: list) -> float:
    total = 0.0
    for _, p, q in rows:
        m = (p + q) / 2
        total += sum(x * math.log(x / m) for x in (p, q) if x > 0) / 2
    return math.sqrt(max(total, 0))


def psi(rows: list) -> float:
    return sum((p - q) * math.log(p / q) for _, p, q in
               ((v, max(p, 1e-4), max(q, 1e-4)) for v, p, q in rows))  # fmt: skip


scores = {}
for column, kind in types.items():
    names = {"c": column, "r": reference, "k": current}
    text = kind == "VARCHAR"
    if not text and what == "drift":
        scores[column] = db.execute(WASSERSTEIN.format(**names)).fetchone()[0]
        continue
    value = f'"{column}"'
    if not text:
        low, high = db.execute(
            f"SELECT min(x), max(x) FROM (SELECT {value} AS x FROM '{reference}' "
            f"UNION ALL SELECT {value} FROM '{current}')"
        ).fetchone()
        value = f"least(floor(({value} - {low}) * 21 / ({high} - {low})), 20)"
    rows = db.execute(SHARES.format(e=value, **names)).fetchall()
    scores[column] = psi(rows) if what == "psi" else jensen_shannon(rows)
with open(out, "w") as file:
    json.dump(scores, file)
