# SPDX-License-Identifier: Apache-2.0
"""`slipway drift` against scipy, live, on ordinary and on awkward columns."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

random = np.random.default_rng(11)


@pytest.fixture
def drift(slipway, tmp_path):
    """Runs the command on two frames and answers its JSON, columns by name."""

    def run(reference: pd.DataFrame, current: pd.DataFrame, *words: str, kind="csv") -> dict:
        for name, frame in (("a", reference), ("b", current)):
            path = tmp_path / f"{name}.{kind}"
            if kind == "csv":
                frame.to_csv(path, index=False)
            elif kind == "parquet":
                frame.to_parquet(path, index=False)
            else:
                frame.to_json(path, orient="records", lines=True, double_precision=15)
        done = slipway(
            "drift",
            "--reference",
            str(tmp_path / f"a.{kind}"),
            "--current",
            str(tmp_path / f"b.{kind}"),
            "--json",
            "-",
            *words,
        )
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        report["columns"] = {c["name"]: c for c in report["columns"]}
        return report

    return run


def close(got, want):
    if want == 0:
        return got == 0
    return math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-13)


def binned(a, b):
    if len(np.unique(a)) > 20:
        edges = np.histogram_bin_edges(np.concatenate([a, b]), bins="sturges")
        return np.histogram(a, edges)[0] / len(a), np.histogram(b, edges)[0] / len(b)
    keys = np.union1d(a, b)
    return np.array([(a == k).mean() for k in keys]), np.array([(b == k).mean() for k in keys])


def filled(p):
    low = p[p > 0].min()
    return np.where(p == 0, low / 1e6 if low <= 1e-4 else 1e-4, p)


NUMERIC = {
    "normal": (random.normal(0, 1, 700), random.normal(0.1, 1, 450)),
    "equal_sizes": (random.normal(0, 1, 500), random.normal(0.2, 1, 500)),
    "ties": (random.integers(0, 30, 900) / 4, random.integers(2, 30, 333) / 4),
    "far": (random.normal(0, 1, 300), random.normal(9, 1, 200)),
    "tiny": (random.normal(0, 1, 3), random.normal(0, 1, 5)),
    "heavy_tail": (random.standard_cauchy(800), random.standard_cauchy(600) * 1.3),
    "large": (random.normal(0, 1, 12_000), random.normal(0.03, 1, 7_000)),
    "very_unequal": (random.normal(0, 1, 15_000), random.normal(0.3, 1, 90)),
}


@pytest.mark.parametrize("name", NUMERIC)
def test_ks_and_distances_of_numbers(drift, name):
    a, b = NUMERIC[name]
    frames = pd.DataFrame({"x": a}), pd.DataFrame({"x": b})
    want = stats.ks_2samp(a, b)
    got = drift(*frames, "--method", "ks")["columns"]["x"]
    assert got["type"] == "numerical" and got["method"] == "ks"
    assert close(got["statistic"], want.statistic) and close(got["p_value"], want.pvalue)
    assert got["score"] == got["p_value"] and got["drifted"] == bool(want.pvalue <= 0.05)

    p, q = binned(a, b)
    wanted = {
        "psi": np.sum((filled(p) - filled(q)) * np.log(filled(p) / filled(q))),
        "kl_div": stats.entropy(filled(p), filled(q)),
        "jensenshannon": jensenshannon(p, q),
        "wasserstein": stats.wasserstein_distance(a, b) / max(a.std(), 0.001),
    }
    for method, distance in wanted.items():
        got = drift(*frames, "--method", method)["columns"]["x"]
        assert got["score"] == pytest.approx(distance, rel=1e-7, abs=1e-9), method
        assert got["p_value"] is None and got["drifted"] == bool(distance >= 0.1)


def test_chi_squared_of_texts(drift):
    words = np.array(["UA", "B6", "Æ", "a,b", 'qu"ote', "multi\nline"])
    a = random.choice(words, 2000, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1])
    b = random.choice(words, 700, p=[0.35, 0.25, 0.1, 0.1, 0.1, 0.1])
    got = drift(pd.DataFrame({"c": a}), pd.DataFrame({"c": b}), "--method", "chisquare")
    expected = [(a == w).sum() * len(b) / len(a) for w in words]
    want = stats.chisquare([(b == w).sum() for w in words], expected)
    column = got["columns"]["c"]
    assert column["type"] == "categorical"
    assert close(column["statistic"], want.statistic) and close(column["p_value"], want.pvalue)

    unseen = drift(
        pd.DataFrame({"c": a}), pd.DataFrame({"c": [*b, "new"]}), "--method", "chisquare"
    )["columns"]["c"]
    assert unseen["p_value"] == 0 and unseen["drifted"] and unseen["statistic"] is None


def test_the_automatic_choice(drift):
    def frame(n):
        return pd.DataFrame(
            {
                "many": random.normal(0, 1, n),
                "few": random.integers(0, 4, n),
                "two": random.integers(0, 2, n),
                "word": random.choice(["a", "b", "c"], n),
            }
        )

    small = drift(frame(800), frame(500))["columns"]
    assert [c["method"] for c in small.values()] == ["ks", "chisquare", "z", "chisquare"]
    large = drift(frame(1500), frame(500))["columns"]
    assert [c["method"] for c in large.values()] == ["wasserstein", *["jensenshannon"] * 3]


def test_awkward_columns_never_end_the_report(drift):
    n = 200
    a = pd.DataFrame({"ok": random.normal(0, 1, n), "null": [None] * n, "same": [7.5] * n})
    b = a.copy()
    a["gone"], b["new"] = 1.5, 2.5
    a["holes"] = np.where(np.arange(n) % 3 == 0, np.nan, np.arange(n) / 7)
    b["holes"] = np.where(np.arange(n) % 2 == 0, np.inf, np.arange(n) / 7)
    a["id"] = [f"id-{i}" for i in range(n)]
    b["id"] = a["id"]
    columns = drift(a, b)["columns"]
    assert columns["ok"]["drifted"] is False and columns["ok"]["error"] is None
    assert columns["null"]["score"] is None and "no values" in columns["null"]["error"]
    assert columns["same"]["drifted"] is False
    assert "not in the current" in columns["gone"]["error"]
    assert "not in the reference" in columns["new"]["error"]
    assert columns["id"]["type"] == "text" and columns["id"]["drifted"] is False
    left = a["holes"].dropna()
    right = b["holes"].replace([np.inf], np.nan).dropna()
    assert close(columns["holes"]["p_value"], stats.ks_2samp(left, right).pvalue)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_other_formats_say_the_same_as_csv(drift, kind):
    a = pd.DataFrame({"x": random.normal(0, 1, 300), "c": random.choice(["u", "v", "w"], 300)})
    b = pd.DataFrame({"x": random.normal(1, 1, 200), "c": random.choice(["u", "v", "w"], 200)})
    csv, lines = drift(a, b), drift(a, b, kind=kind)
    assert csv["drift_share"] == lines["drift_share"] == 0.5
    assert csv["dataset_drift"] is True
    for name in ("x", "c"):
        assert close(csv["columns"][name]["score"], lines["columns"][name]["score"])


def test_options_and_refusals(slipway, drift, tmp_path):
    a = pd.DataFrame({"x": random.normal(0, 1, 300), "y": random.normal(0, 1, 300)})
    b = a + [2, 0]
    report = drift(a, b, "--column-method", "x=psi", "--threshold", "99", "--drift-share", "0.9")
    assert report["columns"]["x"]["method"] == "psi" and not report["columns"]["x"]["drifted"]
    files = ["--reference", str(tmp_path / "a.csv"), "--current", str(tmp_path / "b.csv")]
    assert slipway("drift", *files, "--fail-on-drift").returncode == 1
    assert slipway("drift", *files).returncode == 0
    assert "DRIFTED" in slipway("drift", *files).stdout
    for wrong, said in (
        (["--method", "nope"], "nope"),
        (["--column-method", "z=ks"], "'z'"),
        (["--column-method", "x"], "COLUMN=METHOD"),
    ):
        done = slipway("drift", *files, *wrong)
        assert done.returncode == 2 and said in done.stderr
    (tmp_path / "p.parquet").write_bytes(b"PAR1....")
    done = slipway("drift", "--reference", str(tmp_path / "p.parquet"), *files[2:])
    assert done.returncode == 2 and "Parquet" in done.stderr
    (tmp_path / "bad.csv").write_text("a,b\n1\n")
    done = slipway("drift", "--reference", str(tmp_path / "bad.csv"), *files[2:])
    assert done.returncode == 2 and "line 2" in done.stderr
    assert slipway("drift", "--reference", "/nope.csv", *files[2:]).returncode == 2


def test_the_methods_beyond_the_automatic_choice(drift):
    a = pd.DataFrame({"x": random.normal(0, 1, 400), "c": random.choice(["u", "v"], 400)})
    b = pd.DataFrame({"x": random.normal(0.3, 1, 400), "c": random.choice(["u", "v"], 400)})
    x, y = a["x"], b["x"]
    table = pd.crosstab(
        np.r_[a["c"], b["c"]], np.repeat(["a", "b"], 400)
    )  # rows u and v, columns a and b
    want = {
        "anderson": ("x", stats.anderson_ksamp([x, y]).pvalue),
        "cramer_von_mises": ("x", stats.cramervonmises_2samp(x, y).pvalue),
        "mannw": ("x", stats.mannwhitneyu(x, y, alternative="less").pvalue),
        "t_test": ("x", stats.ttest_ind(x, y).pvalue),
        "es": ("x", stats.epps_singleton_2samp(x, y).pvalue),
        "ed": ("x", stats.energy_distance(x, y)),
        "g_test": ("c", stats.power_divergence(table["b"], table["a"], lambda_=0).pvalue),
        "fisher_exact": ("c", stats.fisher_exact(table).pvalue),
    }
    for method, (column, score) in want.items():
        got = drift(a, b, "--method", method)["columns"][column]
        assert got["method"] == method and got["error"] is None
        assert math.isclose(got["score"], score, rel_tol=1e-7, abs_tol=1e-9), method
    assert drift(a, b, "--method", "TVD")["columns"]["c"]["error"] is None
    assert drift(a, b, "--method", "empirical_mmd")["columns"]["x"]["drifted"]
