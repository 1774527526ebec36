# SPDX-License-Identifier: Apache-2.0
"""An ONNX graph of a scikit-learn model, and the rows on which the server compares the two.

The rows are those of the example that was logged with the model, and ROWS made up ones: values of
the example shuffled column by column and shaken; without an example, numbers around 0 and around
what the model's own scalers have seen, and the categories that its encoders know. Rows with gaps,
and with a text that nobody knows, are among them where the model itself answers such rows."""

import os
import warnings

import numpy as np
from slipway_convert import ROWS, Unknown, examples_of

KINDS = {"BOOL": "bool", "INT32": "int32", "INT64": "int64", "FP32": "float32", "FP64": "float64"}
STORED_ROWS = 1000  # of the example, at most
NOBODY = "slipway-unknown"


def convert_onnx(wrapped, model, folder, answer, floats=False):
    """`floats`: numbers of 32 bits, where skl2onnx has no graph of 64."""
    try:
        import skl2onnx
    except ImportError:
        raise Unknown("skl2onnx is not installed where the model is") from None
    if not type(model).__module__.startswith("sklearn."):
        raise Unknown(f"{type(model).__module__}.{type(model).__name__} is not scikit-learn's")
    columns = columns_of(wrapped, model)
    tables = [t for t in rows_of(wrapped, model, columns) if t is not None]
    if not tables:
        raise Unknown("the model answers neither its example nor made-up rows")
    table = join(tables)
    graph = None
    reasons = []
    for apart in forms(columns):
        types = types_of(columns, apart, floats)
        options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                graph = skl2onnx.to_onnx(model, initial_types=types, options=options)
            break
        except Exception as error:  # the other form may do
            reasons.append((str(error).strip().splitlines() or [type(error).__name__])[0])
    if graph is None:
        raise Unknown("skl2onnx: " + "; ".join(dict.fromkeys(reasons)))
    path = os.path.join(folder, "model.onnx")
    with open(path, "wb") as file:
        file.write(graph.SerializeToString())
    for name, values in inputs_of(columns, table, apart, floats):
        answer.add(name, values)
    inputs = len(answer.tensors)
    answer.add("predictions", np.asarray(wrapped.model.predict(table)))
    if hasattr(model, "predict_proba"):
        answer.add("probabilities", np.asarray(model.predict_proba(table)))
    return {"kind": "onnx", "file": path, "outputs": answer.tensors, "inputs": inputs}


def columns_of(wrapped, model):
    """(name, datatype) of each column; names are None where the model takes a matrix."""
    if wrapped.kind == "columns":
        described = wrapped.describe()
        if described["only_bodies"]:
            raise Unknown("columns of its signature may be absent")
        return [(each["name"], each["datatype"]) for each in described["inputs"]]
    if wrapped.kind == "tensors":
        spec = wrapped.describe()["inputs"]
        if len(spec) != 1 or spec[0]["datatype"] not in KINDS or len(spec[0]["shape"]) != 2:
            raise Unknown("its signature is not one of rows")
        return [(None, spec[0]["datatype"])] * int(model.n_features_in_)
    if not hasattr(model, "n_features_in_"):
        raise Unknown("it has no signature")
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        raise Unknown("it has no signature, and its columns have names")
    return [(None, "FP64")] * int(model.n_features_in_)


def forms(columns):
    """Whether the graph has an input a column: it must where columns differ in kind."""
    kinds = {kind for _, kind in columns}
    if columns[0][0] is None:
        return [False]
    return [True] if len(kinds) > 1 or "BYTES" in kinds else [False, True]


def types_of(columns, apart, floats):
    from skl2onnx.common import data_types as onnx

    real = onnx.FloatTensorType if floats else onnx.DoubleTensorType
    if not apart:
        return [("input", real([None, len(columns)]))]
    by_kind = {
        "BYTES": onnx.StringTensorType,
        "BOOL": onnx.BooleanTensorType,
        "INT32": real if floats else onnx.Int64TensorType,
        "INT64": real if floats else onnx.Int64TensorType,
        "FP32": onnx.FloatTensorType,
        "FP64": real,
    }
    return [(name, by_kind[kind]([None, 1])) for name, kind in columns]


def inputs_of(columns, table, apart, floats):
    if not apart:
        yield "input", np.asarray(table, "float32" if floats else "float64")
        return
    for name, kind in columns:
        values = table[name].to_numpy().reshape(-1, 1)
        if floats and kind not in ("BYTES", "BOOL"):
            values = values.astype("float32")
        elif kind != "BYTES":
            values = values.astype("int64" if kind == "INT32" else KINDS[kind])
        yield name, values


def join(tables):
    import pandas as pd

    if isinstance(tables[0], pd.DataFrame):
        return pd.concat(tables, ignore_index=True)
    return np.vstack(tables)


def rows_of(wrapped, model, columns):
    """Tables that the model answers: stored, made up, with gaps, with unknown texts."""
    random = np.random.default_rng(11)
    stored = stored_rows(wrapped, columns)
    pools = pools_of(model, columns, stored, random)
    made = [shaken(pool, kind, random) for pool, (_, kind) in zip(pools, columns, strict=True)]
    yield answered(wrapped, stored)
    yield answered(wrapped, table_of(columns, made))
    gaps = [
        np.where(random.random(ROWS) < 0.1, np.nan, values) if kind in ("FP32", "FP64") else values
        for values, (_, kind) in zip(made, columns, strict=True)
    ]
    yield answered(wrapped, table_of(columns, gaps))
    if any(kind == "BYTES" for _, kind in columns):
        strange = [
            np.where(random.random(ROWS) < 0.1, NOBODY, values) if kind == "BYTES" else values
            for values, (_, kind) in zip(made, columns, strict=True)
        ]
        yield answered(wrapped, table_of(columns, strange))


def answered(wrapped, table):
    """The table, when the model has an answer to it."""
    if table is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrapped.model.predict(table)
    except Exception:  # such rows are refused in Python, and not compared
        return None
    return table


def table_of(columns, values):
    import pandas as pd

    kinds = [KINDS.get(kind, "object") for _, kind in columns]
    values = [v.astype(kind) for v, kind in zip(values, kinds, strict=True)]
    if columns[0][0] is None:
        return np.column_stack(values)
    names = [name for name, _ in columns]
    return pd.DataFrame(dict(zip(names, values, strict=True)))


def stored_rows(wrapped, columns):
    import pandas as pd

    example = examples_of(wrapped)
    if example is None or np.ndim(example) != 2 or len(example) == 0:
        return None
    example = example[:STORED_ROWS]
    if columns[0][0] is None:
        example = np.asarray(example)
        return table_of(columns, list(example.T)) if example.shape[1] == len(columns) else None
    if not isinstance(example, pd.DataFrame):
        return None
    try:
        return table_of(columns, [example[name].to_numpy() for name, _ in columns])
    except (KeyError, TypeError, ValueError):
        return None


def pools_of(model, columns, stored, random):
    """Values of each column to draw from."""
    known = categories_of(model)
    seen = scales_of(model, len(columns))
    pools = []
    for at, (name, kind) in enumerate(columns):
        if stored is not None and len(stored) > 1:
            values = stored[name].to_numpy() if name is not None else stored[:, at]
        elif kind == "BYTES":
            values = np.asarray(known.get(name, known.get(at, ["a", "b"])), object)
        elif kind == "BOOL":
            values = np.array([False, True])
        elif name in known or at in known:
            values = np.asarray(known.get(name, known.get(at)))
        elif kind.startswith("INT"):
            values = random.integers(-20, 100, ROWS)
        else:
            centre, spread = seen.get(at, (0.0, 1.0))
            values = random.normal(centre, 2 * spread, ROWS)
            if at not in seen:
                values[::4] *= 50
        pools.append(values)
    return pools


def shaken(pool, kind, random):
    values = random.choice(np.asarray(pool), ROWS)
    if kind in ("FP32", "FP64"):
        values = values.astype("float64")
        values *= 1 + 0.1 * random.normal(size=ROWS)
    return values


def parts_of(model):
    """The model and what it is made of, with the columns that each was given (None: all)."""
    waiting = [(model, None)]
    while waiting:
        each, given = waiting.pop()
        yield each, given
        inner = getattr(each, "best_estimator_", None)
        if inner is not None:
            waiting.append((inner, given))
        steps = getattr(each, "steps", [])
        waiting.extend((step, given if i == 0 else ()) for i, (_, step) in enumerate(steps))
        for _, part, its in getattr(each, "transformers_", []):
            waiting.append((part, its))


def categories_of(model):
    """Column (name or position) to the categories that an encoder has learnt for it."""
    out = {}
    for part, given in parts_of(model):
        lists = getattr(part, "categories_", None)
        if lists is None or isinstance(given, (slice, str)) or callable(given):
            continue
        places = range(len(lists)) if given is None else given
        out |= {place: found for place, found in zip(places, lists, strict=False)}
    return out


def scales_of(model, width):
    """Position to (centre, spread), of the first scaler that sees every column."""
    for part, _ in parts_of(model):
        centre, spread = getattr(part, "mean_", None), getattr(part, "scale_", None)
        if centre is None or spread is None or np.shape(centre) != (width,):
            continue
        return {at: (float(centre[at]), float(spread[at]) or 1.0) for at in range(width)}
    return {}
