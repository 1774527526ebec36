# SPDX-License-Identifier: Apache-2.0
"""Awkward columns, the same in every process: numpy's RandomState never changes its streams."""

import numpy as np
import pandas as pd

NUMERICAL = (
    "ks wasserstein psi kl_div jensenshannon hellinger anderson cramer_von_mises mannw t_test ed es"
).split()
CATEGORICAL = "psi kl_div jensenshannon hellinger chisquare z g_test fisher_exact TVD".split()
TEXT = "perc_text_content_drift abs_text_content_drift".split()


def numerical() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    r = np.random.RandomState(2024)
    holes = r.normal(0, 1, 400)
    holes[::7] = np.nan
    holes[3::11] = np.inf
    holes[5::13] = -np.inf
    return {
        "normal": (r.normal(0, 1, 700), r.normal(0.1, 1, 450)),
        "equal_sizes": (r.normal(0, 1, 500), r.normal(0.2, 1.1, 500)),
        "same": (np.arange(60) / 4, np.arange(60) / 4),
        "ties": (r.randint(0, 30, 900) / 4, r.randint(2, 30, 333) / 4),
        "many_ties": (r.randint(0, 3, 900) / 2, r.randint(0, 3, 333) / 2),
        "six_values": (r.randint(0, 6, 300) / 2, r.randint(0, 6, 200) / 2),
        "twenty_values": (r.permutation(np.arange(400) % 20) / 2, r.randint(0, 25, 300) / 2),
        "twenty_one": (r.permutation(np.arange(420) % 21) / 2, r.randint(0, 25, 300) / 2),
        "constant": (np.full(50, 7.5), np.full(40, 7.5)),
        "constants_apart": (np.full(50, 7.5), np.full(40, 8.5)),
        "constant_then_not": (np.full(50, 7.5), r.normal(7.5, 1, 60)),
        "not_then_constant": (r.normal(7.5, 1, 60), np.full(50, 7.5)),
        "tiny_spread": (r.normal(5, 1e-5, 200), r.normal(5.00001, 1e-5, 200)),
        "huge": (r.normal(0, 1e200, 200), r.normal(1e199, 1e200, 150)),
        "small_numbers": (r.normal(0, 1e-200, 200), r.normal(0, 1e-200, 150)),
        "far": (r.normal(0, 1, 300), r.normal(9, 1, 200)),
        "two_rows": (np.array([0.5, 1.5]), np.array([0.75, 2.5])),
        "few": (r.normal(0, 1, 5), r.normal(0, 1, 6)),
        "eight": (r.normal(0, 1, 8), r.normal(0.5, 1, 30)),
        "twenty_rows": (r.normal(0, 1, 20), r.normal(0.5, 1, 19)),
        "heavy_tail": (r.standard_cauchy(800), r.standard_cauchy(600) * 1.3),
        "log_normal": (r.lognormal(0, 2, 1000), r.lognormal(0.1, 2, 1000)),
        "with_holes": (holes[:250], holes[150:]),
        "unequal": (r.normal(0, 1, 5000), r.normal(0.2, 1, 37)),
        "unequal_back": (r.normal(0, 1, 37), r.normal(0.2, 1, 5000)),
        "just_1000": (r.normal(0, 1, 1000), r.normal(0.02, 1, 700)),
        "just_1001": (r.normal(0, 1, 1001), r.normal(0.02, 1, 700)),
        "large": (r.normal(0, 1, 12000), r.normal(0.03, 1, 7000)),
        "zero_inflated": (
            np.where(r.rand(1500) < 0.7, 0.0, r.exponential(3, 1500)),
            np.where(r.rand(900) < 0.6, 0.0, r.exponential(3, 900)),
        ),
    }


WORDS = ["UA", "B6", "Æther", "a,b", 'qu"ote', "日本", "🙂", "two words", "ä", "zz"]


def categorical() -> dict[str, tuple[list, list]]:
    r = np.random.RandomState(77)

    def draw(words, n, shares=None):
        return [words[i] for i in r.choice(len(words), n, p=shares)]

    seven = WORDS[:7]
    return {
        "unicode": (draw(seven, 900), draw(seven, 300)),
        "unicode_equal": (draw(seven, 400), draw(seven, 400)),
        "shifted": (
            draw(WORDS[:4], 2000, [0.4, 0.3, 0.2, 0.1]),
            draw(WORDS[:4], 700, [0.25, 0.3, 0.3, 0.15]),
        ),
        "two": (draw(["yes", "no"], 300), draw(["yes", "no"], 300)),
        "two_unequal": (draw(["yes", "no"], 300), draw(["yes", "no"], 120)),
        "two_one_gone": (draw(["yes", "no"], 200), ["yes"] * 200),
        "one": (["a"] * 40, ["a"] * 40),
        "one_each": (["a"] * 40, ["b"] * 40),
        "new_value": (draw(WORDS[:3], 500), [*draw(WORDS[:3], 199), "never seen"]),
        "gone_value": (draw(WORDS[:5], 500), draw(WORDS[:3], 500)),
        "rare": (["x"] * 20000 + ["y"], ["x"] * 300 + ["y"] * 3),
        "many": (
            draw([f"c{i}" for i in range(400)], 3000),
            draw([f"c{i}" for i in range(420)], 1500),
        ),
        "missing": (
            draw([*WORDS[:3], None], 400),
            draw([*WORDS[:3], None], 250),
        ),
        "thousand_and_one": (draw(WORDS[:3], 1001), draw(WORDS[:3], 400)),
    }


SUBJECTS = "pilot crew storm engine ticket meal passenger baggage runway tower".split()
VERBS = "delayed cancelled boarded repaired lost greeted refunded checked missed watched".split()
THINGS = "Zürich Łódź Ålesund Αθήνα Москва 日本 café naïve 🙂 O'Hare".split()


def texts() -> dict[str, tuple[list, list]]:
    r = np.random.RandomState(31)

    def sentence(subjects, verbs, i):
        a, b = subjects[r.randint(len(subjects))], verbs[r.randint(len(verbs))]
        c = THINGS[r.randint(len(THINGS))]
        return f"The {a} was {b} at {c}, flight no. {r.randint(90) + 10} / {i}!"

    def some(n, subjects=SUBJECTS, verbs=VERBS):
        return [sentence(subjects, verbs, i) for i in range(n)]

    first, last = SUBJECTS[:6], SUBJECTS[4:]
    return {
        "same": (some(400), some(300)),
        "other_words": (some(400, first), some(300, last)),
        "a_little": (some(700), some(500, SUBJECTS[1:])),
        "just_1000": (some(1000), some(600, first)),
        "just_1001": (some(1001), some(600, first)),
        "large": (some(3000), some(2500)),
        "unequal": (some(900), some(40, last)),
        "few": (some(30), some(20, last)),
        "ids": ([f"id-{i}" for i in range(200)], [f"id-{i}" for i in range(150, 350)]),
        "missing": ([*some(200), *[None] * 50], [*some(150, last), *[None] * 70]),
        "empty_texts": ([*some(200), *[""] * 20, " . "], [*some(150), *[""] * 30]),
        "upper": (some(300), [text.upper() for text in some(300)]),
        "digits": (
            [str(x) for x in r.randint(10**6, 10**7, 300)],
            [str(x) for x in r.randint(10**7, 10**8, 300)],
        ),
        "long": ([" ".join(some(40)) for _ in range(60)], [" ".join(some(40)) for _ in range(60)]),
    }


def frames() -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Whole tables: types, the automatic choice of every column, and the share of the drifted."""
    r = np.random.RandomState(5)

    def table(n, shift=0.0):
        return pd.DataFrame(
            {
                "real": r.normal(shift, 1, n),
                "few_reals": r.randint(0, 4, n) / 2 + 0.25,
                "whole_many": r.randint(0, 40, n) + int(shift * 10),
                "whole_ten": r.randint(0, 10, n),
                "whole_eleven": r.permutation(np.arange(n) % 11),
                "whole_two": r.randint(0, 2, n),
                "word": [WORDS[i] for i in r.randint(0, 5, n)],
                "flag": r.rand(n) < 0.4 + shift / 4,
                "holes": np.where(r.rand(n) < 0.1, np.nan, r.normal(0, 1, n)),
            }
        )

    return {
        "small": (table(800), table(500)),
        "small_shifted": (table(800), table(500, 1.0)),
        "just_1000": (table(1000), table(600, 0.3)),
        "just_1001": (table(1001), table(600, 0.3)),
        "large": (table(4000), table(300, 2.0)),
    }
