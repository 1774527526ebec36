# SPDX-License-Identifier: Apache-2.0
"""What `slipway drift` and `evaluate` know beyond tests of single columns: corrections for many
tests, effects, findings, rows as a whole, quality without labels, gaps to a privileged group."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression


@pytest.fixture
def drift(slipway, tmp_path):
    def run(reference: pd.DataFrame, current: pd.DataFrame, *words: str) -> dict:
        reference.to_parquet(tmp_path / "a.parquet", index=False)
        current.to_parquet(tmp_path / "b.parquet", index=False)
        files = "--reference", str(tmp_path / "a.parquet"), "--current", str(tmp_path / "b.parquet")
        done = slipway("drift", *files, "--json", "-", *words)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        report["columns"] = {c["name"]: c for c in report["columns"]}
        return report

    return run


def test_corrections_for_many_tests(drift):
    random = np.random.default_rng(3)
    a = pd.DataFrame(random.normal(0, 1, (400, 30)), columns=[f"x{i}" for i in range(30)])
    b = pd.DataFrame(random.normal(0, 1, (300, 30)), columns=a.columns)
    for i in range(6):
        b[f"x{i}"] += 0.06 * (i + 1)
    p = np.array([stats.ks_2samp(a[c], b[c]).pvalue for c in a])
    adjusted = {
        "none": p,
        "fdr": stats.false_discovery_control(p),
        "bonferroni": np.minimum(1, p * 30),
    }
    found = {}
    for correction, want in adjusted.items():
        report = drift(a, b, "--correction", correction)
        columns = report["columns"].values()
        if correction != "none":
            assert [c["adjusted_p_value"] for c in columns] == pytest.approx(want, abs=1e-9)
        assert [c["drifted"] for c in columns] == list(want <= 0.05)
        found[correction] = sum(want <= 0.05)
        assert report["drift_share"] == pytest.approx(found[correction] / 30)
    assert found["none"] > found["fdr"] >= found["bonferroni"] > 0


def test_a_million_rows_do_not_make_everything_drift(drift):
    random = np.random.default_rng(4)
    n = 200_000
    a = pd.DataFrame({"x": random.normal(0, 1, n), "c": random.choice(["u", "v"], n)})
    b = pd.DataFrame(
        {"x": random.normal(0.03, 1, n), "c": random.choice(["u", "v"], n, p=[0.51, 0.49])}
    )
    words = "--column-method", "x=ks", "--column-method", "c=chisquare"
    sure = drift(a, b, *words)["columns"]
    assert sure["x"]["drifted"] and sure["c"]["drifted"]
    assert sure["x"]["effect"] == pytest.approx(stats.ks_2samp(a.x, b.x).statistic, abs=5e-5)
    shares = abs((a.c == "u").mean() - (b.c == "u").mean())
    assert sure["c"]["effect"] == pytest.approx(shares, abs=1e-12)
    small = drift(a, b, *words, "--min-effect", "0.05")["columns"]
    assert not small["x"]["drifted"] and not small["c"]["drifted"]


def test_findings_beside_the_tests(drift):
    n = 300
    a = pd.DataFrame(
        {
            "carrier": ["UA", "B6", "AA"] * 100,
            "temp": np.arange(n) / 10,
            "holes": np.arange(n) / 7,
            "kind": np.arange(n) % 7,
            "gone": 1.5,
        }
    )
    b = a.drop(columns="gone").assign(new=2)
    b.loc[:9, "carrier"] = "ZZ"
    b.loc[:5, "temp"] = 99.0
    b.loc[::5, "holes"] = np.nan
    b["kind"] = b["kind"].astype(str)
    report = drift(a, b)
    said = {name: c["findings"] for name, c in report["columns"].items()}
    assert said["carrier"] == ["1 values never seen in the reference (3.3 % of the rows): ZZ"]
    assert said["temp"] == ["2 % of the rows outside the reference's 0 .. 29.9"]
    assert "missing values went from 0 % to 20 % of the rows" in said["holes"]
    assert said["kind"][0].startswith("the type went from numbers")
    assert report["findings"] == ["column 'gone' is gone", "column 'new' is not in the reference"]


def correlated(n, r, seed):
    random = np.random.default_rng(seed)
    x, y = random.multivariate_normal([0, 0], [[1, r], [r, 1]], n).T
    kind = random.choice(["u", "v", "w"], n)
    return pd.DataFrame({"x": x, "y": y, "z": random.normal(0, 1, n), "kind": kind})


def test_rows_as_a_whole(slipway, drift, tmp_path):
    a = correlated(3000, 0.9, 1)
    same = drift(a, correlated(2000, 0.9, 2), "--multivariate")["multivariate"]
    assert abs(same["domain_classifier"]["roc_auc"] - 0.5) < 0.05
    for test in ("domain_classifier", "pca_reconstruction", "mmd"):
        assert same[test]["p_value"] > 0.001
    report = drift(a, correlated(2000, -0.9, 3), "--multivariate")
    assert not any(c["drifted"] for c in report["columns"].values())  # no column shows it
    other = report["multivariate"]
    assert other["domain_classifier"]["roc_auc"] > 0.8
    for test in ("domain_classifier", "pca_reconstruction", "mmd"):
        assert other[test]["p_value"] < 0.01
    assert set(list(other["domain_classifier"]["importance"])[:2]) == {"x", "y"}
    files = ["--reference", str(tmp_path / "a.parquet"), "--current", str(tmp_path / "b.parquet")]
    said = slipway("drift", *files, "--multivariate").stdout
    assert "domain classifier: ROC AUC 0." in said and "MMD: " in said
    few = drift(a.head(5), a.tail(5), "--multivariate")["multivariate"]
    assert "fewer than" in few["error"]


def scored(n, seed, low=0.0, high=1.0):
    random = np.random.default_rng(seed)
    p = random.uniform(low, high, n).round(3)
    y = (random.random(n) < p**2).astype(int)
    return pd.DataFrame({"y": y, "said": (p >= 0.7).astype(int), "p": p})


def test_quality_without_labels_is_the_expected_confusion_matrix(slipway, tmp_path):
    known, later = scored(8000, 1), scored(6000, 2, 0.4, 0.9)
    known.to_csv(tmp_path / "known.csv", index=False)
    later.drop(columns="y").to_csv(tmp_path / "later.csv", index=False)
    later.to_csv(tmp_path / "labelled.csv", index=False)
    words = "--task classification --target y --prediction said --probability p".split()
    words += ["--estimate-from", str(tmp_path / "known.csv"), "--json", "-"]
    done = slipway("evaluate", str(tmp_path / "later.csv"), *words)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)["estimated"]

    fit = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(known.p, known.y)
    c, said = fit.predict(later.p), later.said.to_numpy()
    tp, fp = (c * said).sum(), ((1 - c) * said).sum()
    fn, tn = (c * (1 - said)).sum(), ((1 - c) * (1 - said)).sum()
    n = len(later)
    auc = metrics.roc_auc_score(
        np.r_[np.ones(n), np.zeros(n)], np.r_[later.p, later.p], sample_weight=np.r_[c, 1 - c]
    )
    want = {
        "rows": n,
        "accuracy": (tp + tn) / n,
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "roc_auc": auc,
        "standard_error": np.sqrt((c * (1 - c)).sum()) / n,
    }
    assert got == pytest.approx(want, rel=1e-7)
    # It is near what the labels say once they are there, and far from what it was.
    both = json.loads(slipway("evaluate", str(tmp_path / "labelled.csv"), *words).stdout)
    truth = metrics.accuracy_score(later.y, later.said)
    assert both["metrics"]["accuracy"] == pytest.approx(truth)
    assert both["estimated"]["accuracy"] == pytest.approx(truth, abs=0.02)
    assert abs(metrics.accuracy_score(known.y, known.said) - truth) > 0.03
    rule = "--min", "estimated_accuracy=0.9"
    low = slipway("evaluate", str(tmp_path / "later.csv"), *words, *rule)
    assert low.returncode == 1 and "estimated_accuracy is" in low.stderr


def test_quality_without_labels_of_many_classes(slipway, tmp_path):
    """NannyML's definition, written down with scikit-learn: calibrated a label at a time."""
    random = np.random.default_rng(12)

    def rows(n, shift):
        x = random.normal(shift, 1, n)
        logits = np.c_[np.zeros(n), x, 2 * x - 1]
        truth_p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        y = np.array([random.choice(3, p=p) for p in truth_p])
        said = truth_p**1.7
        said /= said.sum(axis=1, keepdims=True)
        names = np.array(["cat", "dog", "eel"])
        frame = pd.DataFrame({"y": names[y], "said": names[said.argmax(axis=1)]})
        return frame.assign(**{f"p_{k}": said[:, i].round(4) for i, k in enumerate(names)})

    known, now = rows(4000, 0), rows(3000, 0.7)
    known.to_csv(tmp_path / "known.csv", index=False)
    now.drop(columns="y").to_csv(tmp_path / "now.csv", index=False)
    words = "--task classification --target y --prediction said --json -".split()
    labels = ["cat", "dog", "eel"]
    for label in labels:
        words += ["--probability", f"{label}=p_{label}"]
    files = [str(tmp_path / "now.csv"), "--estimate-from", str(tmp_path / "known.csv")]
    done = slipway("evaluate", *files, *words)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)["estimated"]

    p = np.column_stack(
        [
            IsotonicRegression(out_of_bounds="clip")
            .fit(known[f"p_{k}"], known.y == k)
            .predict(now[f"p_{k}"])
            for k in labels
        ]
    )
    p /= p.sum(axis=1, keepdims=True)
    want = {"accuracy": p[np.arange(len(now)), now.said.map(labels.index)].mean()}
    parts = {"precision": [], "recall": [], "f1": [], "roc_auc": []}
    for k, label in enumerate(labels):
        said, q = (now.said == label).to_numpy(), p[:, k]
        hits, alarms, misses = q[said].sum(), (1 - q)[said].sum(), q[~said].sum()
        parts["precision"].append(hits / (hits + alarms))
        parts["recall"].append(hits / (hits + misses))
        parts["f1"].append(2 * hits / (2 * hits + alarms + misses))
        score = now[f"p_{label}"]
        parts["roc_auc"].append(
            metrics.roc_auc_score(
                np.r_[np.ones(len(now)), np.zeros(len(now))],
                np.r_[score, score],
                sample_weight=np.r_[q, 1 - q],
            )
        )
    want |= {name: np.mean(values) for name, values in parts.items()}
    assert {name: got[name] for name in want} == pytest.approx(want, rel=1e-7)
    truth = metrics.accuracy_score(now.y, now.said)
    assert got["accuracy"] == pytest.approx(truth, abs=0.03)
    done = slipway("evaluate", *files, *words[:-2])
    assert done.returncode == 2 and "'eel'" in done.stderr


def test_the_error_of_numbers_without_truth(slipway, tmp_path):
    random = np.random.default_rng(6)

    def side(n, low):
        x = random.uniform(low, 10, n)
        wild = random.random(n) < 0.3
        noise = random.normal(0, 1, n) * x * np.where(wild, 3, 1)
        kind = np.where(wild, "wild", "calm")
        return pd.DataFrame({"x": x, "kind": kind, "y": x + noise, "said": x})

    known, later = side(9000, 0), side(5000, 6)
    known.to_parquet(tmp_path / "known.parquet")
    later.drop(columns="y").to_parquet(tmp_path / "later.parquet")
    words = "--task regression --target y --prediction said --json - --estimate-from".split()
    done = slipway(
        "evaluate", str(tmp_path / "later.parquet"), *words, str(tmp_path / "known.parquet")
    )
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)["estimated"]
    truth = metrics.mean_absolute_error(later.y, later.said)
    before = metrics.mean_absolute_error(known.y, known.said)
    assert got["mean_absolute_error"] == pytest.approx(truth, rel=0.08)
    assert truth > 1.4 * before
    rmse = metrics.root_mean_squared_error(later.y, later.said)
    assert got["root_mean_squared_error"] == pytest.approx(rmse, rel=0.12)


def test_gaps_to_a_privileged_group(slipway, tmp_path):
    """AIF360's definitions; its own answers are recorded in src/stats/testdata."""
    random = np.random.default_rng(9)
    n = 900
    g = random.choice(["f", "m", "x"], n)
    y = (random.random(n) < 0.4).astype(int)
    said = (random.random(n) < np.where(g == "m", 0.5, 0.35)).astype(int)
    pd.DataFrame({"g": g, "y": y, "said": said}).to_csv(tmp_path / "s.csv", index=False)
    words = "--task classification --target y --prediction said --group g --privileged".split()
    done = slipway("evaluate", str(tmp_path / "s.csv"), *words, "m", "--json", "-")
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)["fairness"]
    m = g == "m"
    tpr = [said[s & (y == 1)].mean() for s in (~m, m)]
    fpr = [said[s & (y == 0)].mean() for s in (~m, m)]
    assert got["statistical_parity_difference"] == pytest.approx(said[~m].mean() - said[m].mean())
    assert got["disparate_impact"] == pytest.approx(said[~m].mean() / said[m].mean())
    mean_gap = (tpr[0] - tpr[1] + fpr[0] - fpr[1]) / 2
    assert got["average_odds_difference"] == pytest.approx(mean_gap)
    assert got["true_positive_rate_difference"] == pytest.approx(tpr[0] - tpr[1])
    done = slipway("evaluate", str(tmp_path / "s.csv"), *words, "nobody")
    assert done.returncode == 2 and "nobody" in done.stderr


def flights(n, seed, late=0.0):
    random = np.random.default_rng(seed)
    carrier = random.choice(["UA", "B6", "DL", "AA"], n)
    origin = random.choice(["EWR", "JFK", "LGA"], n)
    delay = random.gamma(2, 10, n) + late * ((carrier == "UA") & (origin == "EWR"))
    frame = {"carrier": carrier, "origin": origin, "distance": random.uniform(90, 2500, n)}
    return pd.DataFrame({**frame, "delay": delay})


def test_the_change_is_named_where_it_is(slipway, drift, tmp_path):
    a, b = flights(8000, 1), flights(6000, 2, late=25)
    (segment,) = drift(a, b, "--segments")["segments"]
    assert segment["column"] == "delay"
    assert segment["conditions"] == ["carrier = UA", "origin = EWR"]
    was, now = (f[(f.carrier == "UA") & (f.origin == "EWR")] for f in (a, b))
    assert segment["reference_rows"] == len(was) and segment["current_rows"] == len(now)
    gap = stats.ks_2samp(was.delay, now.delay).statistic
    assert segment["effect"] == pytest.approx(gap, abs=0.05)
    assert "segments" not in drift(a, flights(6000, 3), "--segments")
    files = ["--reference", str(tmp_path / "a.parquet"), "--current", str(tmp_path / "b.parquet")]
    b.to_parquet(tmp_path / "b.parquet")
    said = slipway("drift", *files, "--segments").stdout
    assert "delay: the change is in carrier = UA, origin = EWR" in said


def test_a_fall_of_quality_is_explained(slipway, tmp_path):
    def judged(frame, seed, worse=""):
        random = np.random.default_rng(seed)
        wrong = np.where(frame.distance > 1500, 0.4, 0.1) + 0.3 * (frame.carrier == worse)
        y = random.integers(0, 2, len(frame))
        return frame.assign(y=y, said=np.where(random.random(len(frame)) < wrong, 1 - y, y))

    known = judged(flights(9000, 1), 2)
    far = flights(9000, 3)
    far["distance"] = 1300 + far["distance"] / 2
    known.to_csv(tmp_path / "known.csv", index=False)
    words = "--task classification --target y --prediction said --json - --explain-from".split()

    def explained(frame):
        frame.to_csv(tmp_path / "now.csv", index=False)
        done = slipway("evaluate", str(tmp_path / "now.csv"), *words, str(tmp_path / "known.csv"))
        assert done.returncode == 0, done.stderr
        drop = json.loads(done.stdout)["drop"]
        whole = (frame.y != frame.said).mean() - (known.y != known.said).mean()
        for column in drop["columns"]:
            assert column["moved"] + column["changed"] == pytest.approx(whole, abs=1e-9)
        return {c["name"]: c for c in drop["columns"]}, whole

    moved, whole = explained(judged(far, 4))
    assert next(iter(moved)) == "distance" and whole > 0.1
    assert moved["distance"]["moved"] > 0.8 * whole
    changed, whole = explained(judged(flights(9000, 5), 6, worse="UA"))
    assert changed["carrier"]["changed"] > 0.9 * whole
    assert changed["carrier"]["worst"] == "carrier = UA"
