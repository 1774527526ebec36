// SPDX-License-Identifier: Apache-2.0
// Which requests may be one batch, and whose time can be told beforehand. Private to this room.
#pragma once

#include "serving/batcher.h"

namespace slipway::serving {

// Rows of different requests may be put together when the model leaves the first axis open.
bool is_batchable(const Signature& signature);
// How long a run takes is learnt by number of rows, which must tell it: not where requests choose
// other axes, too.
bool is_told_by_rows(const Signature& signature);
// Nor where the texts are long.
bool has_long_texts(const Batcher::Job& job);
bool fit_together(const Batcher::Job& a, const Batcher::Job& b);

}  // namespace slipway::serving
