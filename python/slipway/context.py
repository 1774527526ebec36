# SPDX-License-Identifier: Apache-2.0
"""The door by which the mlflow client calls us when SLIPWAY_RECORD is set.

The client asks its context providers for tags just before it creates a run; from the first question
on, what `record` gathers is added to each run that is created.
"""

import functools
import os

_WORDS_FOR_NO = {"", "0", "false", "no", "off"}


def wanted() -> bool:
    return os.environ.get("SLIPWAY_RECORD", "").strip().lower() not in _WORDS_FOR_NO


class SlipwayRunContext:
    def in_context(self) -> bool:
        return wanted()

    def tags(self) -> dict:
        record_created_runs()
        return {}


def record_created_runs() -> None:
    """From now on each run that the client creates is recorded, once; may be called again."""
    from mlflow.tracking.client import MlflowClient

    create = MlflowClient.create_run
    if getattr(create, "_slipway", False):
        return

    @functools.wraps(create)
    def create_and_record(self, *args, **kwargs):
        run = create(self, *args, **kwargs)
        if wanted():
            from .record import record

            record(run.info.run_id, client=self)
        return run

    create_and_record._slipway = True
    MlflowClient.create_run = create_and_record
