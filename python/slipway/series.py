# SPDX-License-Identifier: Apache-2.0
"""Numbers at decimal steps, and typed series: images, tables, histograms, audio, texts, files."""

import mimetypes
from decimal import Decimal
from pathlib import Path

from . import wire

_PLACES = Decimal("1e-9")


def log_metrics(values: dict, step=0, *, at=None, run_id=None) -> None:
    """Like mlflow.log_metrics, but `step` may be a decimal: 0.25, Decimal("0.1"), "12.5"."""
    entries = [
        {"key": key, "value": _number(value), "step": _step(step), "at": at}
        for key, value in values.items()
    ]
    wire.call("POST", f"/api/v1/runs/{wire.active_run(run_id)}/metrics", {"metrics": entries})


def log_text(key: str, text: str, step=0, *, at=None, run_id=None) -> None:
    _add(key, "text", text, step, at, run_id)


def log_histogram(key: str, counts, edges, step=0, *, at=None, run_id=None) -> None:
    """As numpy.histogram answers them: one edge more than counts."""
    content = {"edges": [float(x) for x in edges], "counts": [float(x) for x in counts]}
    _add(key, "histogram", content, step, at, run_id)


def log_table(key: str, columns, rows, step=0, *, at=None, run_id=None) -> None:
    content = {"columns": list(columns), "data": [list(row) for row in rows]}
    _add(key, "table", content, step, at, run_id)


def log_file(
    key: str, file, step=0, *, kind="file", at=None, content_type=None, run_id=None
) -> str:
    """A file by its path, or its bytes; kind is image, audio, table, text or file. Answers where it
    lies among the run's artifacts."""
    if isinstance(file, bytes):
        body, guessed = file, None
    else:
        body, guessed = Path(file).read_bytes(), mimetypes.guess_type(str(file))[0]
    answer = wire.call(
        "PUT",
        f"/api/v1/runs/{wire.active_run(run_id)}/series/{wire.quoted(key)}",
        body,
        query={"kind": kind, "step": _step(step), "at": at},
        content_type=content_type or guessed or "application/octet-stream",
    )
    return answer["path"]


def log_image(key: str, file, step=0, **options) -> str:
    """An encoded image (PNG, JPEG, ..) by its path, or its bytes."""
    if isinstance(file, bytes) and file.startswith(b"\x89PNG"):
        options.setdefault("content_type", "image/png")
    return log_file(key, file, step, kind="image", **options)


def _add(key: str, kind: str, content, step, at, run_id) -> None:
    entry = {"key": key, "kind": kind, "step": _step(step), "at": at, "content": content}
    wire.call("POST", f"/api/v1/runs/{wire.active_run(run_id)}/series", {"entries": [entry]})


def _step(step) -> str:
    """Exact, up to nine places; a float is taken by the digits that it shows."""
    number = step if isinstance(step, Decimal) else Decimal(str(step))
    if isinstance(step, float):
        number = number.quantize(_PLACES)
    return format(number, "f")


def _number(value):
    value = float(value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value
