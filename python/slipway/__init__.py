# SPDX-License-Identifier: Apache-2.0
"""Slipway's Python side: thin, inert on import, nothing but the standard library.

    import mlflow, slipway
    with mlflow.start_run():
        slipway.record()

`SLIPWAY_RECORD=1` in the environment does the same for every run, without a change of the code.
"""

from .record import Recorded, record

__all__ = ["Recorded", "record"]
__version__ = "0.1.0"
