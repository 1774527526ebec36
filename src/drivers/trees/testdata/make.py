# SPDX-License-Identifier: Apache-2.0
"""Makes the models of trees_test.cc and what their libraries predict: python make.py (needs
xgboost, lightgbm, scikit-learn).

NAME.json, .ubj or .txt is the model; NAME.rows has a line a row: the features, a bar, what is to be
answered. The first line is the Python class that answers."""

from pathlib import Path

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

HERE = Path(__file__).parent
RANDOM = np.random.default_rng(7)


def write(name, rows, answers, model_class=""):
    answers = np.asarray(answers).reshape(len(rows), -1)
    with (HERE / f"{name}.rows").open("w") as out:
        out.write(model_class + "\n")
        for row, answer in zip(np.asarray(rows, "float64"), answers):
            out.write(" ".join(repr(float(x)) for x in row) + " | ")
            out.write(" ".join(repr(float(x)) for x in answer) + "\n")


def with_gaps(features, share=0.15):
    features = np.array(features, "float64")
    features[RANDOM.random(features.shape) < share] = np.nan
    return features


def data(kind):
    if kind == "two":
        x, y = load_breast_cancer(return_X_y=True)
        return with_gaps(x[:, :8]), y
    if kind == "three":
        x, y = load_iris(return_X_y=True)
        return with_gaps(x), y
    x, y = load_diabetes(return_X_y=True)
    return with_gaps(x), y


def categories():
    x = np.column_stack([RANDOM.integers(0, 40, 600), RANDOM.normal(size=600)]).astype("float64")
    y = np.isin(x[:, 0], [1, 5, 7, 33, 38]) * 3.0 + x[:, 1]
    probes = np.array([[-1, 0], [-0.5, 0], [41, 1], [500, 0], [np.nan, 0], [3.7, np.nan]], "float64")
    return x, y, np.vstack([x[:14], probes])


XGBOOST = {
    "squared": ("one", {"objective": "reg:squarederror"}),
    "logistic": ("two", {"objective": "binary:logistic"}),
    "logistic_base": ("two", {"objective": "binary:logistic", "base_score": 0.2}),
    "reg_logistic": ("two", {"objective": "reg:logistic"}),
    "logitraw": ("two", {"objective": "binary:logitraw"}),
    "hinge": ("two", {"objective": "binary:hinge"}),
    "softprob": ("three", {"objective": "multi:softprob", "num_class": 3}),
    "softmax": ("three", {"objective": "multi:softmax", "num_class": 3}),
    "poisson": ("one", {"objective": "count:poisson"}),
    "gamma": ("one", {"objective": "reg:gamma"}),
    "tweedie": ("one", {"objective": "reg:tweedie", "base_score": 20}),
    "absolute": ("one", {"objective": "reg:absoluteerror"}),
    "huber": ("one", {"objective": "reg:pseudohubererror"}),
    "quantile": ("one", {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}),
    "squared_log": ("one", {"objective": "reg:squaredlogerror"}),
    "cox": ("one", {"objective": "survival:cox"}),
    "aft": ("one", {"objective": "survival:aft"}),
    "dart": ("two", {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.5}),
    "forest": ("two", {"objective": "binary:logistic", "num_parallel_tree": 3, "subsample": 0.6}),
    "deep": ("one", {"objective": "reg:squarederror", "max_depth": 0, "grow_policy": "lossguide",
                     "max_leaves": 20, "tree_method": "hist"}),
}


def make_xgboost():
    for name, (kind, settings) in XGBOOST.items():
        x, y = data(kind)
        table = xgb.DMatrix(x, y)
        if name == "aft":
            table.set_float_info("label_lower_bound", y)
            table.set_float_info("label_upper_bound", y)
        booster = xgb.train({"max_depth": 3, "seed": 1} | settings, table, num_boost_round=6)
        suffix = "ubj" if name in ("logistic", "softprob", "dart") else "json"
        booster.save_model(HERE / f"xgb_{name}.{suffix}")
        write(f"xgb_{name}", x[:12], booster.predict(xgb.DMatrix(x[:12])))
    x, y, probes = categories()
    types = ["c", "q"]
    for one_hot in (1, 100):
        table = xgb.DMatrix(x, y, feature_types=types, enable_categorical=True)
        booster = xgb.train({"max_depth": 4, "max_cat_to_onehot": one_hot, "tree_method": "hist"},
                            table, num_boost_round=5)
        name = f"xgb_categories_{one_hot}"
        booster.save_model(HERE / f"{name}.json")
        good = probes[~(probes[:, 0] < 0)]
        answers = booster.predict(xgb.DMatrix(good, feature_types=types, enable_categorical=True))
        write(name, good, answers)
    x, y = data("one")
    both = np.column_stack([y, -2 * y])
    for strategy in ("one_output_per_tree", "multi_output_tree"):
        booster = xgb.train({"max_depth": 2, "multi_strategy": strategy, "tree_method": "hist"},
                            xgb.DMatrix(x, both), num_boost_round=4)
        booster.save_model(HERE / f"xgb_{strategy}.json")
        write(f"xgb_{strategy}", x[:12], booster.predict(xgb.DMatrix(x[:12])))


def make_estimators():
    x, y = data("two")
    two = xgb.XGBClassifier(n_estimators=5, max_depth=2).fit(x, y)
    two.save_model(HERE / "xgb_two.ubj")
    write("xgb_two", x[:12], two.predict(x[:12]), "xgboost.sklearn.XGBClassifier")
    x3, y3 = data("three")
    three = xgb.XGBClassifier(n_estimators=4, max_depth=2).fit(x3, y3)
    three.save_model(HERE / "xgb_three.json")
    write("xgb_three", x3[::12], three.predict(x3[::12]), "xgboost.sklearn.XGBClassifier")
    stopped = xgb.XGBRegressor(n_estimators=60, max_depth=3, early_stopping_rounds=2, learning_rate=0.9)
    x1, y1 = data("one")
    stopped.fit(x1[:300], y1[:300], eval_set=[(x1[300:], y1[300:])], verbose=False)
    stopped.save_model(HERE / "xgb_stopped.json")
    write("xgb_stopped", x1[:12], stopped.predict(x1[:12]), "xgboost.sklearn.XGBRegressor")


LIGHTGBM = {
    "regression": ("one", {"objective": "regression"}),
    "sqrt": ("one", {"objective": "regression", "reg_sqrt": True}),
    "l1": ("one", {"objective": "regression_l1"}),
    "huber": ("one", {"objective": "huber"}),
    "quantile": ("one", {"objective": "quantile"}),
    "poisson": ("one", {"objective": "poisson"}),
    "gamma": ("one", {"objective": "gamma"}),
    "tweedie": ("one", {"objective": "tweedie"}),
    "binary": ("two", {"objective": "binary"}),
    "sigmoid": ("two", {"objective": "binary", "sigmoid": 0.7}),
    "zero_missing": ("two", {"objective": "binary", "zero_as_missing": True}),
    "no_missing": ("two", {"objective": "binary", "use_missing": False}),
    "multiclass": ("three", {"objective": "multiclass", "num_class": 3}),
    "ova": ("three", {"objective": "multiclassova", "num_class": 3}),
    "cross_entropy": ("two", {"objective": "cross_entropy"}),
    "cross_entropy_lambda": ("two", {"objective": "cross_entropy_lambda"}),
    "rf": ("two", {"objective": "binary", "boosting": "rf", "bagging_freq": 1,
                   "bagging_fraction": 0.6}),
    "dart": ("one", {"objective": "regression", "boosting": "dart"}),
}


def make_lightgbm():
    common = {"num_leaves": 6, "min_data_in_leaf": 5, "verbose": -1, "seed": 1, "num_threads": 1}
    for name, (kind, settings) in LIGHTGBM.items():
        x, y = data(kind)
        if name == "zero_missing":
            x[RANDOM.random(x.shape) < 0.2] = 0
        booster = lgb.train(common | settings, lgb.Dataset(x, y), num_boost_round=5)
        booster.save_model(HERE / f"lgb_{name}.txt")
        write(f"lgb_{name}", x[:12], booster.predict(x[:12]))
    x, y, probes = categories()
    table = lgb.Dataset(x, y, categorical_feature=[0])
    booster = lgb.train(common | {"objective": "regression", "cat_smooth": 1, "max_cat_to_onehot": 2},
                        table, num_boost_round=5)
    booster.save_model(HERE / "lgb_categories.txt")
    write("lgb_categories", probes, booster.predict(probes))
    queries = lgb.Dataset(x, (y > 1).astype(int), group=[20] * 30)
    booster = lgb.train(common | {"objective": "lambdarank"}, queries, num_boost_round=4)
    booster.save_model(HERE / "lgb_lambdarank.txt")
    write("lgb_lambdarank", probes, booster.predict(probes))
    stump = lgb.train(common | {"min_data_in_leaf": 1000}, lgb.Dataset(*data("one")), num_boost_round=2)
    stump.save_model(HERE / "lgb_stump.txt")
    write("lgb_stump", probes[:1].repeat(5, 1), stump.predict(probes[:1].repeat(5, 1)))
    linear = lgb.train(common | {"linear_tree": True}, lgb.Dataset(np.nan_to_num(data("one")[0]),
                                                                   data("one")[1]), num_boost_round=2)
    linear.save_model(HERE / "refused_linear.txt")


if __name__ == "__main__":
    make_xgboost()
    make_estimators()
    make_lightgbm()
