# SPDX-License-Identifier: Apache-2.0
"""`slipway evaluate` against scikit-learn, live; fairness by Fairlearn's definitions."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics


@pytest.fixture
def evaluate(slipway, tmp_path):
    def run(frame: pd.DataFrame, task: str, *words: str, kind="csv", code=0) -> dict:
        path = tmp_path / f"scored.{kind}"
        if kind == "csv":
            frame.to_csv(path, index=False)
        elif kind == "parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_json(path, orient="records", lines=True, double_precision=15)
        command = ["evaluate", str(path), "--task", task, "--target", "y", "--prediction", "said"]
        done = slipway(*command, "--json", "-", *words)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if code < 2 else done.stderr

    return run


def binary(n=500, seed=4, names=(0, 1)):
    random = np.random.default_rng(seed)
    y = random.random(n) < 0.3
    p = np.clip(np.where(y, 0.6, 0.35) + random.normal(0, 0.2, n), 0, 1).round(2)
    label = np.array(names)
    return pd.DataFrame(
        {
            "y": label[y.astype(int)],
            "said": label[(p > 0.5).astype(int)],
            "p": p,
            "origin": random.choice(["EWR", "JFK", "LGA"], n),
            "late": random.random(n) < 0.5,
        }
    )


def expected(frame, positive=1):
    y, said = frame.y, frame.said
    tn, fp, fn, tp = metrics.confusion_matrix(y == positive, said == positive).ravel()
    return {
        "accuracy": metrics.accuracy_score(y, said),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, said),
        "precision": metrics.precision_score(y, said, pos_label=positive, zero_division=0),
        "recall": metrics.recall_score(y, said, pos_label=positive, zero_division=0),
        "f1": metrics.f1_score(y, said, pos_label=positive, zero_division=0),
        "selection_rate": (said == positive).mean(),
        "true_positive_rate": tp / (tp + fn),
        "false_positive_rate": fp / (fp + tn),
        "true_negative_rate": tn / (fp + tn),
        "false_negative_rate": fn / (tp + fn),
        "matthews_corrcoef": metrics.matthews_corrcoef(y, said),
        "cohen_kappa": metrics.cohen_kappa_score(y, said),
    }


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_two_classes(evaluate, kind):
    frame = binary()
    report = evaluate(frame, "classification", "--probability", "p", kind=kind)
    assert (report["task"], report["rows"]) == ("classification", 500)
    truth = {
        **expected(frame),
        "roc_auc": metrics.roc_auc_score(frame.y, frame.p),
        "average_precision": metrics.average_precision_score(frame.y, frame.p),
        "log_loss": metrics.log_loss(frame.y, frame.p),
        "brier_score_loss": metrics.brier_score_loss(frame.y, frame.p),
    }
    assert report["metrics"] == pytest.approx(truth, rel=1e-9)
    assert report["confusion_matrix"] == {
        "labels": [0, 1],
        "matrix": metrics.confusion_matrix(frame.y, frame.said).tolist(),
    }
    per_class = metrics.classification_report(frame.y, frame.said, output_dict=True)
    for label in ("0", "1"):
        wanted = per_class[label]
        assert report["per_class"][label] == pytest.approx(
            {
                "precision": wanted["precision"],
                "recall": wanted["recall"],
                "f1": wanted["f1-score"],
                "support": wanted["support"],
            }
        )
    assert report["groups"] == [] and report["fairness"] == {}


def test_texts_and_the_positive_one(evaluate):
    frame = binary(names=("late", "on time"))
    report = evaluate(frame, "classification", "--positive", "late")
    assert report["metrics"] == pytest.approx(expected(frame, "late"), rel=1e-9)
    assert report["confusion_matrix"]["labels"] == ["late", "on time"]
    assert evaluate(frame, "classification")["metrics"]["recall"] == pytest.approx(
        expected(frame, "on time")["recall"]
    )
    flags = binary(names=(False, True))
    report = evaluate(flags, "classification", kind="parquet")
    assert report["confusion_matrix"]["labels"] == [False, True]
    assert report["metrics"] == pytest.approx(expected(flags, True), rel=1e-9)


def test_groups_and_fairness(evaluate):
    frame = binary(1500)
    report = evaluate(frame, "classification", "--probability", "p", "--group", "origin")
    rates = {}
    for found, (name, part) in zip(report["groups"], frame.groupby("origin"), strict=True):
        assert (found.pop("group"), found.pop("count")) == (name, len(part))
        rates[name] = expected(part)
        truth = {**rates[name], "roc_auc": metrics.roc_auc_score(part.y, part.p)}
        assert found == pytest.approx(truth, rel=1e-9)

    def gap(name):
        of = [rate[name] for rate in rates.values()]
        return max(of) - min(of), min(of) / max(of)

    chosen, hits, alarms = map(gap, ("selection_rate", "true_positive_rate", "false_positive_rate"))
    assert report["fairness"] == pytest.approx(
        {
            "demographic_parity_difference": chosen[0],
            "demographic_parity_ratio": chosen[1],
            "equalized_odds_difference": max(hits[0], alarms[0]),
            "equalized_odds_ratio": min(hits[1], alarms[1]),
            "equal_opportunity_difference": hits[0],
            "equal_opportunity_ratio": hits[1],
        },
        rel=1e-9,
    )
    both = evaluate(frame, "classification", "--group", "origin", "--group", "late")["groups"]
    sizes = frame.groupby(["origin", "late"]).size()
    assert {g["group"]: g["count"] for g in both} == {
        f"{origin}, {str(late).lower()}": count for (origin, late), count in sizes.items()
    }


def test_many_classes(evaluate):
    random = np.random.default_rng(9)
    y = random.integers(0, 4, 800) * 10  # 0, 10, 20, 30: sorted as numbers, not as texts
    p = random.dirichlet(np.ones(4), 800) + np.eye(4)[y // 10] * 0.6
    p /= p.sum(axis=1, keepdims=True)
    frame = pd.DataFrame({"y": y, "said": p.argmax(axis=1) * 10})
    words = []
    for k in range(4):
        frame[f"p{k}"] = p[:, k]
        words += ["--probability", f"{10 * k}=p{k}"]
    report = evaluate(frame, "classification", *words, kind="parquet")
    y, said = frame.y, frame.said
    truth = {
        "accuracy": metrics.accuracy_score(y, said),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, said),
        "matthews_corrcoef": metrics.matthews_corrcoef(y, said),
        "cohen_kappa": metrics.cohen_kappa_score(y, said),
        "roc_auc": metrics.roc_auc_score(y, p, multi_class="ovr"),
        "log_loss": metrics.log_loss(y, p),
    }
    for name in ("precision", "recall", "f1"):
        score = getattr(metrics, f"{name}_score")
        truth[name] = score(y, said, average="macro")
        truth[f"{name}_weighted"] = score(y, said, average="weighted")
    assert report["metrics"] == pytest.approx(truth, rel=1e-9)
    assert report["confusion_matrix"]["labels"] == [0, 10, 20, 30]
    assert report["fairness"] == {}


@pytest.mark.parametrize("case", ["usual", "constant truth", "perfect", "negative", "one row"])
def test_numbers(evaluate, case):
    random = np.random.default_rng(2)
    n = 1 if case == "one row" else 301
    y = np.full(n, 3.5) if case == "constant truth" else random.normal(4, 2, n)
    y = -abs(y) if case == "negative" else y
    said = y.copy() if case == "perfect" else y + random.normal(0.2, 1, n)
    frame = pd.DataFrame({"y": y, "said": said, "half": np.arange(n) % 2})
    report = evaluate(frame, "regression", "--group", "half", kind="parquet")

    def truth(y, said):
        return {
            "mean_error": np.mean(said - y),
            "mean_absolute_error": metrics.mean_absolute_error(y, said),
            "mean_squared_error": metrics.mean_squared_error(y, said),
            "root_mean_squared_error": metrics.root_mean_squared_error(y, said),
            "mean_absolute_percentage_error": metrics.mean_absolute_percentage_error(y, said),
            "median_absolute_error": metrics.median_absolute_error(y, said),
            "max_error": metrics.max_error(y, said),
            "r2": metrics.r2_score(y, said) if len(y) > 1 else None,
            "explained_variance": metrics.explained_variance_score(y, said),
        }

    found = report["metrics"]
    if n == 1:
        assert found.pop("r2") is None
    wanted = {k: v for k, v in truth(y, said).items() if v is not None}
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-13)
    first = report["groups"][0]
    assert (first.pop("group"), first.pop("count")) == ("0", (n + 1) // 2)
    if n > 1:
        assert first == pytest.approx(truth(y[::2], said[::2]), rel=1e-9, abs=1e-13)
    assert "confusion_matrix" not in report


def test_rows_with_gaps_are_left_out_and_counted(evaluate):
    frame = binary().astype({"y": "Int64", "said": "Int64"})
    frame.loc[:9, "y"] = pd.NA
    frame.loc[5:14, "said"] = pd.NA
    frame.loc[20, "p"] = None
    report = evaluate(frame, "classification", "--probability", "p")
    assert (report["rows"], report["skipped_rows"]) == (484, 16)
    whole = frame.dropna(subset=["y", "said", "p"]).astype({"y": int, "said": int})
    assert report["metrics"]["f1"] == pytest.approx(metrics.f1_score(whole.y, whole.said))


def test_bounds_decide_the_exit_code_and_the_report_is_written_all_the_same(evaluate):
    frame = binary()
    found = evaluate(frame, "classification", "--min", "accuracy=0.5", "--max", "f1=1")
    accuracy = found["metrics"]["accuracy"]
    again = evaluate(frame, "classification", "--min", f"accuracy={accuracy + 0.01}", code=1)
    assert again["metrics"] == found["metrics"]
    evaluate(frame, "classification", "--max", "cohen_kappa=-1", code=1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--min", "acuracy=1"], "no metric 'acuracy'"),
        (["--min", "accuracy"], "METRIC=NUMBER"),
        (["--probability", "origin"], "'origin' holds VARCHAR"),
        (["--probability", "q"], "no column 'q'"),
        (["--group", "q"], "--group"),
        (["--positive", "2"], "no row is labelled '2'"),
        (["--probability", "p", "--probability", "p"], "2 times"),
    ],
)
def test_bad_usage_is_named(evaluate, words, says):
    assert says in evaluate(binary(), "classification", *words, code=2)


def test_scores_are_not_taken_for_labels(evaluate):
    frame = binary().rename(columns={"said": "rounded", "p": "said"})
    assert "--probability" in evaluate(frame, "classification", code=2)
    frame["y"] = frame["origin"]
    assert "holds VARCHAR" in evaluate(frame, "regression", code=2)
