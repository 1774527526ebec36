// SPDX-License-Identifier: Apache-2.0
// What a reference with outcomes teaches about quality where there are none.
#pragma once

#include "monitor/profile.h"
#include "pack.h"

namespace slipway::monitor {

// Fills `calibration` or `loss` when the table has what they are learnt from.
void learn_quality(const Table& table, Profile& out);

void pack_learnt(const Profile& profile, PackWriter& out);
// Damage makes `in` not ok.
void unpack_learnt(PackReader& in, Profile& out);

}  // namespace slipway::monitor
