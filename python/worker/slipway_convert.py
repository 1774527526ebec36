# SPDX-License-Identifier: Apache-2.0
"""From a model that is a pickle to a file that needs no Python: trees in the server's own format
(docs/formats/trees.md), or ONNX (slipway_convert_onnx.py). What was made is only ever used after
the server has compared it with the model itself on the examples that are given back with it."""

import os
import struct

import numpy as np

ROWS = 256


class Unknown(Exception):
    """There is no conversion for this model; the text says why."""


def ubjson(value):
    """Lists of numbers as they lie in memory: a large forest has millions of nodes."""
    if isinstance(value, dict):
        inside = b"".join(_length(k.encode()) + ubjson(v) for k, v in value.items())
        return b"{" + inside + b"}"
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            return b"[$D#" + _count(value.size) + value.astype(">f8").tobytes()
        return b"[$l#" + _count(value.size) + value.astype(">i4").tobytes()
    if isinstance(value, list):
        return b"[" + b"".join(map(ubjson, value)) + b"]"
    if isinstance(value, str):
        return b"S" + _length(value.encode())
    if isinstance(value, (bool, np.bool_)):
        return b"T" if value else b"F"
    if isinstance(value, (int, np.integer)):
        return _count(int(value))
    return b"D" + struct.pack(">d", value)


def _count(number):
    return b"L" + struct.pack(">q", number)


def _length(data):
    return _count(len(data)) + data


def above(thresholds):
    """`<=` as `<` of the next larger number."""
    return np.nextafter(np.asarray(thresholds, "float64"), np.inf)


def plain_tree(tree, values, group=0):
    """A scikit-learn tree; `values` are one or several numbers a node."""
    missing = getattr(tree, "missing_go_to_left", None)
    if missing is None:
        missing = np.zeros(tree.node_count)
    return {
        "group": int(group),
        "feature": np.maximum(tree.feature, 0),
        "below": above(tree.threshold),
        "left": tree.children_left,
        "right": tree.children_right,
        "missing_left": np.asarray(missing).astype(int),
        "value": np.asarray(values, "float64").ravel(),
        "cover": tree.weighted_n_node_samples,
    }


def classes_of(model):
    classes = np.asarray(model.classes_)
    if classes.dtype.kind in "iu":
        return {"classes": classes.tolist(), "class_type": "INT64"}
    if classes.dtype.kind == "b":
        return {"classes": classes.astype(int).tolist(), "class_type": "BOOL"}
    if classes.dtype.kind == "f":
        return {"classes": classes.tolist(), "class_type": "FP64"}
    if all(isinstance(each, str) for each in classes):
        return {"classes": [str(each) for each in classes]}
    raise Unknown("its classes are neither numbers nor texts")


def forest(model):
    """RandomForest, ExtraTrees and single trees: averages of their trees."""
    trees = [each.tree_ for each in getattr(model, "estimators_", [model])]
    out = {"divisor": len(trees), "round_inputs": True}
    if hasattr(model, "classes_"):
        if isinstance(model.classes_, list):
            raise Unknown("it has several outputs")
        out |= classes_of(model) | {"decide": "largest", "outputs": len(model.classes_)}
        values = [tree.value[:, 0, :] for tree in trees]
        values = [v / v.sum(axis=1, keepdims=True) for v in values]
    else:
        out |= {"outputs": trees[0].value.shape[1]}
        values = [tree.value[:, :, 0] for tree in trees]
    if out["outputs"] == 1 and hasattr(model, "classes_"):
        raise Unknown("it has a single class")
    out["trees"] = [plain_tree(tree, v) for tree, v in zip(trees, values, strict=True)]
    return out


def two_or_more(model, outputs):
    """How scores become classes."""
    if outputs == 1:
        return classes_of(model) | {"decide": "above_half", "link": "sigmoid"}
    return classes_of(model) | {"decide": "largest", "link": "softmax"}


def gradient_boosting(model):
    kind = type(model.init_).__name__
    if model.init_ != "zero" and kind not in ("DummyClassifier", "DummyRegressor"):
        raise Unknown(f"it begins with a {kind} of its own")
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), "float32"))
    outputs = model.estimators_.shape[1]
    trees = [
        plain_tree(each.tree_, each.tree_.value[:, 0, 0] * model.learning_rate, group)
        for stage in model.estimators_
        for group, each in enumerate(stage)
    ]
    out = {"outputs": outputs, "base": np.ravel(start).astype("float64"), "round_inputs": True}
    if hasattr(model, "classes_"):
        out |= two_or_more(model, outputs) | {"on_margin": outputs == 1}
        if model.loss == "exponential":
            out["slope"] = 2
    return out | {"trees": trees}


def histogram_boosting(model):
    if getattr(model, "is_categorical_", None) is not None:
        raise Unknown("it splits by categories")
    outputs = len(model._predictors[0])
    base = np.ravel(model._baseline_prediction).astype("float64")
    out = {"outputs": outputs, "base": base, "trees": []}
    for stage in model._predictors:
        for group, predictor in enumerate(stage):
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            out["trees"].append(
                {
                    "group": group,
                    "feature": np.where(leaf, 0, nodes["feature_idx"]),
                    "below": above(np.where(leaf, 0, nodes["num_threshold"])),
                    "left": np.where(leaf, -1, nodes["left"].astype("int64")),
                    "right": np.where(leaf, -1, nodes["right"].astype("int64")),
                    "missing_left": nodes["missing_go_to_left"].astype(int),
                    "value": nodes["value"],
                    "cover": nodes["count"],
                }
            )
    if hasattr(model, "classes_"):
        return out | two_or_more(model, outputs)
    if type(model._loss.link).__name__ == "LogLink":
        out["link"] = "exp"
    return out


def lightgbm(model):
    """The estimators of LightGBM, which are pickled around a file of its own."""
    booster = model.booster_
    out = {"lightgbm": booster.model_to_string(), "outputs": booster.num_model_per_iteration()}
    if hasattr(model, "classes_"):
        out |= classes_of(model)
        out["decide"] = "above_half" if out["outputs"] == 1 else "largest"
    return out


MAKERS = {
    **dict.fromkeys(
        [
            "RandomForestClassifier",
            "RandomForestRegressor",
            "ExtraTreesClassifier",
            "ExtraTreesRegressor",
            "DecisionTreeClassifier",
            "DecisionTreeRegressor",
            "ExtraTreeClassifier",
            "ExtraTreeRegressor",
        ],
        forest,
    ),
    **dict.fromkeys(["GradientBoostingClassifier", "GradientBoostingRegressor"], gradient_boosting),
    **dict.fromkeys(
        ["HistGradientBoostingClassifier", "HistGradientBoostingRegressor"], histogram_boosting
    ),
    **dict.fromkeys(["LGBMClassifier", "LGBMRegressor", "LGBMRanker"], lightgbm),
}


def to_trees(model, folder):
    home = type(model).__module__.split(".")[0]
    maker = MAKERS.get(type(model).__name__)
    if maker is None or home not in ("sklearn", "lightgbm"):
        raise Unknown(f"{home}.{type(model).__name__} is no forest")
    out = {"format": "slipway-trees", "version": 1, "features": int(model.n_features_in_)}
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        out["names"] = [str(name) for name in names]
    out |= maker(model)
    path = os.path.join(folder, "model.trees")
    with open(path, "wb") as file:
        file.write(ubjson(out))
    return path, out


def rows_for(made, features):
    """Rows on both sides of the thresholds, where trees differ if they differ anywhere."""
    random = np.random.default_rng(11)
    known = [[] for _ in range(features)]
    for tree in made.get("trees", []):
        for feature, below, left in zip(tree["feature"], tree["below"], tree["left"], strict=True):
            if left >= 0:
                known[feature].append(below)
    rows = random.normal(size=(ROWS, features))
    for feature, thresholds in enumerate(known):
        if not thresholds:
            continue
        thresholds = np.asarray(thresholds)
        spread = float(thresholds.std()) or 1.0
        picked = random.choice(thresholds, ROWS)
        step = random.choice([-1.0, -1e-3, 0.0, 1e-3, 1.0], ROWS) * spread
        rows[:, feature] = picked + step
    return rows


def examples_of(wrapped):
    """The stored example as a table, or nothing."""
    try:
        return wrapped.model.metadata.load_input_example(wrapped.folder)
    except Exception:  # noqa: B902: examples are optional, and made in many ways
        return None


def table_of(wrapped, rows):
    """Rows as the model wants them: by name when the signature has names."""
    import pandas as pd

    if wrapped.kind != "columns":
        return rows
    types = {"BOOL": "bool", "INT32": "int32", "INT64": "int64", "FP32": "float32"}
    described = wrapped.describe()["inputs"]
    if len(described) != rows.shape[1]:
        raise Unknown("its signature has another number of columns than the model")
    columns = {}
    for i, spec in enumerate(described):
        if spec["datatype"] == "BYTES":
            raise Unknown("a column holds texts")
        columns[spec["name"]] = rows[:, i].astype(types.get(spec["datatype"], "float64"))
    return pd.DataFrame(columns)


def numbers_of(table):
    return np.ascontiguousarray(np.asarray(table, "float64"))


def convert_trees(wrapped, model, folder, answer):
    path, made = to_trees(model, folder)
    tables = [table_of(wrapped, rows_for(made, int(model.n_features_in_)))]
    stored = examples_of(wrapped)
    if stored is not None and np.ndim(stored) == 2:
        tables.append(table_of(wrapped, numbers_of(stored)))
    rows = np.vstack([numbers_of(table) for table in tables])
    wanted = np.concatenate([np.asarray(wrapped.model.predict(table)) for table in tables])
    answer.add("input", rows)
    answer.add("predictions", wanted)
    return {"kind": "slipway_trees", "file": path, "outputs": answer.tensors}


def convert(wrapped, message, answer):
    """One of the conversions, by `kind`; "why" when there is none."""
    try:
        maker, more = convert_trees, {}
        if message["kind"] in ("onnx", "onnx_floats"):
            from slipway_convert_onnx import convert_onnx as maker

            more = {"floats": message["kind"] == "onnx_floats"}
        custom = wrapped.model.metadata.flavors["python_function"].get("predict_fn", "predict")
        if custom != "predict":
            raise Unknown(f"it answers by {custom}")
        return maker(wrapped, wrapped.model.get_raw_model(), message["folder"], answer, **more)
    except Exception as error:  # noqa: B902: then the model stays in Python
        answer.parts, answer.size, answer.tensors = [], 0, []
        return {"kind": "", "why": str(error)[:500] or type(error).__name__}
