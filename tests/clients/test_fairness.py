# SPDX-License-Identifier: Apache-2.0
"""Fairness against Fairlearn and AIF360 where they are installed (neither is wanted elsewhere):
awkward groups of one row, of one label, without predictions of one kind."""

import json

import numpy as np
import pandas as pd
import pytest

fair = pytest.importorskip("fairlearn.metrics")

CASES = {
    "usual": lambda r, n: (r.integers(0, 2, n), r.integers(0, 2, n), r.choice(list("abc"), n)),
    "skewed": lambda r, n: (
        (r.random(n) < 0.05).astype(int),
        (r.random(n) < 0.1).astype(int),
        r.choice(["a", "b"], n, p=[0.95, 0.05]),
    ),
    "tiny group": lambda r, n: (
        r.integers(0, 2, n),
        r.integers(0, 2, n),
        np.r_[["only"], r.choice(["a", "b"], n - 1)],
    ),
    "one label in a group": lambda r, n: (
        np.r_[np.ones(n // 2, int), r.integers(0, 2, n - n // 2)],
        r.integers(0, 2, n),
        np.r_[["a"] * (n // 2), ["b"] * (n - n // 2)],
    ),
    "nobody selected": lambda r, n: (
        r.integers(0, 2, n),
        np.r_[np.zeros(n // 2, int), r.integers(0, 2, n - n // 2)],
        np.r_[["a"] * (n // 2), ["b"] * (n - n // 2)],
    ),
    "unicode": lambda r, n: (
        r.integers(0, 2, n),
        r.integers(0, 2, n),
        r.choice(["Æther", "日本", 'qu"ote', "a,b"], n),
    ),
}


@pytest.fixture
def found(slipway, tmp_path):
    def run(name: str):
        y, said, group = CASES[name](np.random.default_rng(8), 400)
        path = tmp_path / "rows.parquet"
        pd.DataFrame({"y": y, "said": said, "g": group}).to_parquet(path, index=False)
        words = "--task classification --target y --prediction said --group g --json -".split()
        privileged = str(sorted(set(group))[-1])
        done = slipway("evaluate", str(path), *words, "--privileged", privileged)
        assert done.returncode == 0, done.stderr
        return y, said, group, privileged, json.loads(done.stdout)["fairness"]

    return run


@pytest.mark.parametrize("name", CASES)
def test_gaps_between_groups(found, name):
    y, said, group, _, got = found(name)
    for metric in (
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equalized_odds_difference",
        "equalized_odds_ratio",
    ):
        value = float(getattr(fair, metric)(y, said, sensitive_features=group))
        if np.isnan(value):
            assert got[metric] is None or got[metric] == 0, metric
        else:
            assert got[metric] == pytest.approx(value, rel=1e-7, abs=1e-9), metric


@pytest.mark.parametrize("name", CASES)
def test_gaps_to_a_privileged_group(found, name):
    theirs = pytest.importorskip("aif360.sklearn.metrics")
    y, said, group, privileged, got = found(name)
    truth = pd.Series(y, index=pd.Index(group == privileged, name="g").astype(int))
    rest = {"prot_attr": "g", "priv_group": 1}
    want = {
        "statistical_parity_difference": theirs.statistical_parity_difference,
        "true_positive_rate_difference": theirs.equal_opportunity_difference,
    }
    # Of a group without a zero AIF360 says that all of its zeros are false alarms, Fairlearn (and
    # we) that none is; a ratio to nobody is 0 there and unknown here.
    if all((y[group == one] == 0).any() for one in set(group)):
        want["average_odds_difference"] = theirs.average_odds_difference
    if said[group == privileged].any():
        want["disparate_impact"] = theirs.disparate_impact_ratio
    for metric, of in want.items():
        value = float(of(truth, said, **rest))
        assert got[metric] == pytest.approx(value, rel=1e-7, abs=1e-9), metric
