# SPDX-License-Identifier: Apache-2.0
"""All calls, in order: what an earlier file saves a later one uses."""

import calls_1_experiments  # noqa: F401
import calls_2_runs  # noqa: F401
import calls_3_searches  # noqa: F401
import calls_4_models  # noqa: F401
import calls_5_traces  # noqa: F401
import calls_6_trace_searches  # noqa: F401
import calls_7_registry  # noqa: F401
from script import CALLS  # noqa: F401
