# SPDX-License-Identifier: Apache-2.0
"""Writes oracle.txt: what scipy answers for the inputs that stats_test.cc makes again.

    python make_oracle.py > oracle.txt        (needs scipy and numpy)

A sample is `n seed modulus add`: the integers ((i * 2654435761 + seed) mod 2^32) mod modulus + add
for i < n, so that both sides hold exactly the same numbers.
"""
import numpy as np
import scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon


def sample(n, seed, modulus, add):
    i = np.arange(n, dtype=np.uint64)
    x = (i * np.uint64(2654435761) + np.uint64(seed)) & np.uint64(0xFFFFFFFF)
    return (x % np.uint64(modulus)).astype(float) + add


def binned(a, b):
    if len(np.unique(a)) > 20:
        edges = np.histogram_bin_edges(np.concatenate([a, b]), bins="sturges")
        return np.histogram(a, edges)[0] / len(a), np.histogram(b, edges)[0] / len(b)
    keys = np.union1d(a, b)
    return (np.array([(a == k).mean() for k in keys]), np.array([(b == k).mean() for k in keys]))


def fill(p):
    p = p.copy()
    if (p == 0).any():
        low = p[p > 0].min()
        p[p == 0] = low / 1e6 if low <= 1e-4 else 1e-4
    return p


def chisquare(a, b):
    keys = np.union1d(a, b)
    want = np.array([(a == k).sum() for k in keys]) * (len(b) / len(a))
    got = np.array([(b == k).sum() for k in keys])
    with np.errstate(divide="ignore", invalid="ignore"):
        if (want == 0).any():
            return np.inf, 0.0
        r = stats.chisquare(got, want)
    return r.statistic, r.pvalue


def hellinger(a, b):
    if a.min() == b.min() == a.max() == b.max():
        return 0.0
    edges = np.histogram_bin_edges(np.union1d(a, b), bins="sturges")
    h = [np.histogram(x, bins=edges, density=True)[0] for x in (a, b)]
    width = (edges.max() - edges.min()) / (len(edges) - 1)
    return np.sqrt(1 - np.sum(np.sqrt(h[0] * h[1] * width**2)))


PAIRS = [
    # unequal sizes, many values
    ((50, 1, 1000, 0), (70, 9, 1000, 30)), ((500, 1, 100000, 0), (300, 77, 100000, 2000)),
    ((1000, 1, 1000, 0), (999, 5, 1000, 40)), ((2000, 3, 5000, 0), (500, 8, 5000, 900)),
    # equal sizes: another exact path
    ((40, 1, 1000, 0), (40, 2, 1000, 100)), ((1000, 1, 10000, 0), (1000, 2, 10000, 300)),
    # ties, few values, constants, one value
    ((200, 1, 7, 0), (150, 4, 7, 1)), ((300, 1, 2, 0), (200, 4, 3, 0)), ((30, 1, 1, 5), (20, 1, 1, 5)),
    ((30, 1, 1, 5), (20, 1, 1, 6)), ((1, 1, 9, 0), (1, 1, 9, 3)), ((1, 1, 9, 0), (500, 1, 90, 0)),
    ((3, 1, 100, 0), (4, 1, 100, 50)), ((600, 1, 21, 0), (100, 1, 21, 2)), ((90, 1, 4, 0), (60, 1, 3, 1)),
    # far apart: tiny p-values
    ((400, 1, 1000, 0), (300, 1, 1000, 600)), ((1000, 1, 1000, 0), (1000, 1, 1000, 990)),
    # around and above the exact bound
    ((10000, 1, 100003, 0), (1000, 7, 100003, 2500)), ((10000, 1, 1000003, 0), (9999, 7, 1000003, 9000)),
    ((10001, 1, 100003, 0), (1000, 7, 100003, 2500)), ((20000, 1, 1000003, 0), (150, 7, 1000003, 50000)),
    ((20000, 1, 1000003, 0), (100, 7, 1000003, 90000)), ((30000, 1, 1000003, 0), (30000, 7, 1000003, 9000)),
    ((12000, 1, 50, 0), (30000, 7, 50, 0)), ((40000, 1, 1000003, 0), (25000, 5, 1000003, 40000)),
]

print(f"# scipy {scipy.__version__}, numpy {np.__version__}; made by make_oracle.py")
for a_args, b_args in PAIRS:
    a, b = sample(*a_args), sample(*b_args)
    ks = stats.ks_2samp(a, b)
    p, q = binned(a, b)
    chi = chisquare(a, b) if len(np.union1d(a, b)) <= 60 else (np.nan, np.nan)
    numbers = [ks.statistic, ks.pvalue, *chi, np.sum((fill(p) - fill(q)) * np.log(fill(p) / fill(q))),
               stats.entropy(fill(p), fill(q)), jensenshannon(p, q), hellinger(a, b),
               stats.wasserstein_distance(a, b) / max(a.std(), 0.001)]
    print("pair", *a_args, *b_args, *(repr(float(x)) for x in numbers))

for n in (1, 2, 5, 20, 99, 140, 141, 150, 500, 909, 5000, 50000, 99999, 150000, 600000, 3000000):
    for z in (0.2, 0.45, 0.5, 0.7, 0.9, 1.2, 1.48, 1.5, 1.9, 2.1, 3.0, 6.0, 12.0):
        d = z / np.sqrt(n)
        if d < 1.2:
            print("kstwo", n, repr(float(d)), repr(float(stats.kstwo.sf(d, n))))
    for t in (0.4, 0.7, 1.0, 1.5):
        print("kstwo", n, repr(t / n), repr(float(stats.kstwo.sf(t / n, n))))
for df in (1, 2, 3, 5, 10, 30, 99, 500, 999, 20000):
    for f in (0.01, 0.3, 0.8, 1.0, 1.1, 1.5, 3.0, 10.0):
        print("chi2", df, repr(df * f), repr(float(stats.chi2.sf(df * f, df))))
for z in (0.0, 0.3, 1.0, 1.959963984540054, 5.0, 12.0, 37.0):
    print("normal", repr(z), repr(float(stats.norm.sf(z))))

MORE = [((5, 1, 1000003, 0), (5, 9, 1000003, 0)), ((7, 3, 1000, 0), (12, 5, 1000, 100)), ((20, 1, 1000, 0), (20, 9, 1000, 300)),
        ((20, 1, 10, 0), (18, 9, 10, 2)), ((21, 1, 1000, 0), (20, 9, 1000, 100)), ((8, 1, 100003, 0), (300, 9, 100003, 9000)),
        ((50, 1, 1000, 0), (70, 9, 1000, 30)), ((500, 1, 100000, 0), (300, 77, 100000, 2000)), ((1000, 1, 40, 0), (999, 5, 40, 1)),
        ((5000, 1, 100003, 0), (4000, 7, 100003, 2500)), ((40000, 1, 1000003, 0), (25000, 5, 1000003, 4000)), ((300, 1, 2, 0), (300, 5, 3, 0)),
        ((24, 1, 1000, 0), (24, 7, 500, 0)), ((60, 1, 1000, 0), (60, 9, 1000, 900))]
import warnings
warnings.simplefilter("ignore")
for a_args, b_args in MORE:
    a, b = sample(*a_args), sample(*b_args)
    out, epps = [], stats.epps_singleton_2samp(a, b)
    for test in (stats.anderson_ksamp([a, b]), stats.cramervonmises_2samp(a, b), stats.mannwhitneyu(a, b, alternative="less"),
                 stats.ttest_ind(a, b), epps):
        # On few values Epps-Singleton's covariance is singular and its inverse is rounding noise.
        noise = test.statistic > 1 and len(np.union1d(a, b)) < 6 and test is epps
        out += [np.nan, np.nan] if noise else [test.statistic, test.pvalue]
    out.append(stats.energy_distance(a, b))
    print("more", *a_args, *b_args, *(repr(float(x)) for x in out))
for df in (1, 2, 3, 7, 50, 99, 101, 1000, 100000, 3e7):
    for t in (0.0, 1e-3, 0.2, 0.9, 1.7, 2.5, 6.0, 30.0):
        print("student", repr(float(df)), repr(t), repr(float(stats.t.sf(t, df))))
for a, b, c, d in ((1, 9, 9, 1), (3, 7, 5, 5), (30, 70, 45, 55), (0, 20, 5, 15), (10, 0, 10, 0), (500, 4500, 560, 4440), (250, 250, 251, 249)):
    fisher = stats.fisher_exact([[a, b], [c, d]])[1]
    g = stats.power_divergence([a, b], [c, d], lambda_="log-likelihood") if c and d else (np.nan, np.nan)
    print("table", a, b, c, d, repr(float(fisher)), *(repr(float(x)) for x in g))
