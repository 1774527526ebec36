# SPDX-License-Identifier: Apache-2.0
"""Prints estimates.txt: isotonic regression by scikit-learn, the expected confusion matrix by numpy,
adjusted p-values by scipy, AIF360's gaps.

    pip install scikit-learn==1.9.1 aif360==0.6.1 && python make_estimates.py > estimates.txt
"""

import warnings

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

warnings.filterwarnings("ignore")
from aif360.datasets import BinaryLabelDataset  # noqa: E402
from aif360.metrics import ClassificationMetric  # noqa: E402


def draws(n, seed):
    """The generator of estimate_test.cc."""
    x = seed
    out = []
    for _ in range(n):
        x = (x * 1103515245 + 12345) % 2**31
        out.append(((x >> 8) % 1009) / 1009)
    return np.array(out)


def say(kind, *numbers):
    print(kind, *(repr(float(x)) for x in numbers))


for seed in (1, 5):
    u = draws(4000, seed)
    score, other = u[:2000], u[2000:]
    score = np.round(score, 2) if seed == 5 else score  # ties
    label = (other < score**2).astype(int)
    fit = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(score, label)
    at = np.linspace(-0.1, 1.1, 25)
    say("isotonic", seed, *fit.predict(at))

    p = fit.predict(score)
    said = (score >= 0.6).astype(int)
    tp, fp = (p * said).sum(), ((1 - p) * said).sum()
    fn, tn = (p * (1 - said)).sum(), ((1 - p) * (1 - said)).sum()
    # Each row counts as a one with weight p and as a zero with weight 1 - p.
    auc = roc_auc_score(
        np.r_[np.ones(2000), np.zeros(2000)], np.r_[score, score], sample_weight=np.r_[p, 1 - p]
    )
    say(
        "expected", seed, (tp + tn) / 2000, tp / (tp + fp), tp / (tp + fn),
        2 * tp / (2 * tp + fp + fn), auc,
    )
    say("fdr", seed, *stats.false_discovery_control(u[:40] ** 3))

    group = (u[:2000] * 3).astype(int) if seed == 1 else (other * 4).astype(int)
    truth = (draws(2000, seed + 20) < 0.4).astype(float)
    chosen = (draws(2000, seed + 40) < 0.3 + 0.1 * group).astype(float)
    frame = pd.DataFrame({"y": truth, "g": (group == 1).astype(float)})
    known = BinaryLabelDataset(df=frame, label_names=["y"], protected_attribute_names=["g"])
    given = known.copy()
    given.labels = chosen.reshape(-1, 1)
    m = ClassificationMetric(known, given, [{"g": 0}], [{"g": 1}])
    say(
        "aif", seed, m.statistical_parity_difference(), m.disparate_impact(),
        m.average_odds_difference(), m.average_abs_odds_difference(),
        m.true_positive_rate_difference(), m.error_rate_difference(), m.theil_index(),
    )
