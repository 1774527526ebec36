# SPDX-License-Identifier: Apache-2.0
"""Prints what quality_test.cc expects, by scikit-learn and Fairlearn on the same rows."""
import numpy as np
from fairlearn import metrics as fair
from sklearn import metrics


def rows(n, seed):
    """The generator of quality_test.cc: labels, scores with ties, and three groups."""
    x = seed
    truth, score, group = [], [], []
    for _ in range(n):
        x = (x * 1103515245 + 12345) % 2**31
        truth.append(1 if (x >> 8) % 100 < 35 else 0)
        x = (x * 1103515245 + 12345) % 2**31
        score.append((((x >> 8) % 64) + 20 * truth[-1]) / 84)
        x = (x * 1103515245 + 12345) % 2**31
        group.append((x >> 8) % 3)
    return np.array(truth), np.array(score), np.array(group)


for seed in (1, 7):
    t, s, g = rows(500, seed)
    p = (s >= 0.5).astype(int)
    print(f"{{{seed}, {metrics.accuracy_score(t, p):.17g}, {metrics.roc_auc_score(t, s):.17g}, "
          f"{metrics.log_loss(t, s):.17g},")
    for f in (fair.demographic_parity_difference, fair.demographic_parity_ratio,
              fair.equalized_odds_difference, fair.equalized_odds_ratio):
        print(f" {f(t, p, sensitive_features=g):.17g},")
    print("},")
