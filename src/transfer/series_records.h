// SPDX-License-Identifier: Apache-2.0
// Records of series and console lines as the tracking room takes them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tracking/console.h"
#include "tracking/series.h"
#include "transfer/record.h"

namespace slipway::transfer {

Result<std::vector<tracking::SeriesEntry>> series_of(const SeriesRecord& record);
Result<std::vector<tracking::ConsoleLine>> lines_of(const ConsoleRecord& record);
// Leaves what can be kept, and says why for the rest.
void drop_bad_entries(SeriesRecord& record, const std::function<void(std::string)>& say);

}  // namespace slipway::transfer
