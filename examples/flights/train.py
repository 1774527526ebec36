# SPDX-License-Identifier: Apache-2.0
"""Trains the classifier, and logs and registers it with nothing but the MLflow client.

MLFLOW_TRACKING_URI says where. The run carries two files that the server understands:
`reference.csv` (training features and scores: what "normal" looks like) and `evaluation.csv` (the
hold-out with its labels: what the gate measures on).
"""

import argparse
import os
import tempfile
import warnings
from pathlib import Path

import mlflow
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import export
import flights

REFERENCE_ROWS = 10_000
EVALUATION_ROWS = 10_000


def classifier(rate: float, trees: int):
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.float32)
    return make_pipeline(
        ColumnTransformer([("codes", codes, flights.CATEGORICAL)], remainder="passthrough"),
        HistGradientBoostingClassifier(
            learning_rate=rate,
            max_iter=trees,
            max_leaf_nodes=15,
            min_samples_leaf=200,
            max_features=0.4,
            l2_regularization=1.0,
            random_state=0,
        ),
    )


def data_version(pointer: Path) -> str:
    """The hash that `slipway data add` (or DVC) wrote for the data folder."""
    if pointer.exists():
        for line in pointer.read_text().splitlines():
            if "md5:" in line:
                return line.split("md5:")[1].strip()
    return "untracked"


def log_files(train, holdout, score) -> None:
    sample = train.sample(min(REFERENCE_ROWS, len(train)), random_state=0)
    judged = holdout.sample(min(EVALUATION_ROWS, len(holdout)), random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        reference = sample[flights.FEATURES].assign(prediction=score(sample))
        reference.to_csv(f"{folder}/reference.csv", index=False)
        judged[flights.FEATURES + [flights.LABEL]].to_csv(f"{folder}/evaluation.csv", index=False)
        mlflow.log_artifacts(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", default="work/train.csv")
    parser.add_argument("--holdout", default="work/holdout.csv")
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--model", default="flights")
    parser.add_argument("--name", default=None, help="name of the run")
    args = parser.parse_args()
    train, holdout = flights.read(args.train), flights.read(args.holdout)
    version = data_version(Path("data/flights.dvc"))

    warnings.filterwarnings("ignore", module="mlflow.data")  # of two names for one local source
    mlflow.set_experiment("flights")
    mlflow.sklearn.autolog(
        log_models=False, log_datasets=False, log_post_training_metrics=False, silent=True
    )
    with mlflow.start_run(run_name=args.name) as run:
        mlflow.set_tags({"data.version": version, "data.last_day": train.day.max()})
        source = os.path.abspath("data/flights")
        mlflow.log_input(
            mlflow.data.from_pandas(
                train[flights.FEATURES + [flights.LABEL]].astype({flights.LABEL: float}),
                source=source,
                targets=flights.LABEL,
                name="flights",
                digest=version[:32],
            ),
            context="training",
        )
        model = classifier(args.rate, args.trees)
        model.fit(train[flights.FEATURES], train[flights.LABEL])

        def score(rows):
            return model.predict_proba(rows[flights.FEATURES])[:, 1]

        expected = score(holdout)
        mlflow.log_metrics(
            {
                "roc_auc": roc_auc_score(holdout[flights.LABEL], expected),
                "log_loss": log_loss(holdout[flights.LABEL], expected),
                "rows": len(train),
            }
        )
        log_files(train, holdout, score)
        onnx_model = export.to_onnx(model)
        worst = np.abs(export.run(onnx_model, holdout) - expected).max()
        if worst > 1e-4:
            raise SystemExit(f"error: the ONNX model differs from scikit-learn by {worst}")
        example = train[flights.FEATURES].head(3).reset_index(drop=True)
        info = mlflow.onnx.log_model(
            onnx_model,
            name="model",
            registered_model_name=args.model,
            signature=mlflow.models.infer_signature(
                example, {export.OUTPUT: np.float32(expected[:3])}
            ),
            input_example=example,
            pip_requirements=["onnxruntime"],
            onnx_execution_providers=["CPUExecutionProvider"],
        )
        print(f"run_id: {run.info.run_id}")
        print(f"version: {info.registered_model_version}")
        print(f"roc_auc: {roc_auc_score(holdout[flights.LABEL], expected):.4f}")


if __name__ == "__main__":
    main()
