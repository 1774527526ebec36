// SPDX-License-Identifier: Apache-2.0
// What was taken in from where, and in which state: the table transfer_marks.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "transfer/record.h"

namespace slipway::transfer {

Result<std::optional<std::string>> mark_of(store::Connection& db, const std::string& source,
                                           const std::string& kind, const std::string& id);
Result<std::map<std::string, std::string>> marks_of(store::Connection& db,
                                                    const std::string& source,
                                                    const std::string& kind,
                                                    const std::vector<std::string>& ids);
Result<void> set_mark(store::Connection& db, const std::string& source, const MarkRecord& mark);

}  // namespace slipway::transfer
