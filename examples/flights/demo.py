# SPDX-License-Identifier: Apache-2.0
"""The whole loop on the flights of 2013, against a platform that this script starts.

Each stage is believed only when it was seen through the public interfaces: the `slipway` command,
the HTTP API, the MLflow client. Every number that is printed was measured in this run.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import stages
from story import NotObserved, Story

HERE = Path(__file__).resolve().parent


def workspace(folder: Path) -> Path:
    """A fresh copy of the example, so that the checkout stays as it is."""
    shutil.rmtree(folder, ignore_errors=True)
    skip = shutil.ignore_patterns("__pycache__", "data", "work", ".dvc", ".slipway")
    shutil.copytree(HERE, folder / "flights", ignore=skip)
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the platform running")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--folder", type=Path, default=HERE.parents[1] / "build" / "demo")
    parser.add_argument("--slipway", default=os.environ.get("SLIPWAY_BIN", "build/slipway"))
    args = parser.parse_args()
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    story = Story(Path(args.slipway).resolve(), workspace(args.folder.resolve()), args.port)
    try:
        for stage in stages.ALL:
            stage(story)
        story.summary()
    except NotObserved as missing:
        print(f"\nerror: {missing}\nhint: the server's log is {story.log_path}", file=sys.stderr)
        return 1
    finally:
        story.close(keep=args.keep)
    if args.keep:
        print(f"\nThe platform is still running at {story.slipway.url} (process {story.pid}).")
        print(f"Stop it with: kill {story.pid}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
