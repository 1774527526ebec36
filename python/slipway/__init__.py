# SPDX-License-Identifier: Apache-2.0
"""Slipway's Python side: thin, inert on import, nothing but the standard library.

    import mlflow, slipway
    with mlflow.start_run():
        slipway.record()

`SLIPWAY_RECORD=1` in the environment does the same for every run, without a change of the code.

    with mlflow.start_run(), slipway.console():   # what is printed is kept with the run
        slipway.log_metrics({"loss": 0.3}, step=0.25)
        slipway.log_histogram("weights", *numpy.histogram(weights), step=0.25)
"""

from .console import Console, console
from .flows import FlowError, flow, step
from .record import Recorded, record
from .series import log_file, log_histogram, log_image, log_metrics, log_table, log_text
from .wire import ServerError

__all__ = [
    "Console",
    "FlowError",
    "Recorded",
    "ServerError",
    "console",
    "flow",
    "log_file",
    "log_histogram",
    "log_image",
    "log_metrics",
    "log_table",
    "log_text",
    "record",
    "step",
]
__version__ = "0.1.0"
