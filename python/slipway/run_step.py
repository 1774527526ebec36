# SPDX-License-Identifier: Apache-2.0
"""`python -m slipway.run_step FILE STEP`: in the process of a step, calls its function."""

import importlib.util
import json
import os
import sys
from pathlib import Path

from .flows import Step


def main(file: str, name: str) -> None:
    path = Path(file)
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    steps = {one.name: one for one in vars(module).values() if isinstance(one, Step)}
    if name not in steps:
        raise SystemExit(f"{file} has no step {name!r}")
    call = json.loads(os.environ["SLIPWAY_CALL"])
    result = steps[name].function(*call["args"], **call["kwargs"])
    if result is not None:
        Path(os.environ["SLIPWAY_RESULT"]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
