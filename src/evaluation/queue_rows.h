// SPDX-License-Identifier: Apache-2.0
// Statements that the two files about review queues share.
#pragma once

#include <string>

#include "evaluation/queues.h"
#include "store/database.h"

namespace slipway::evaluation {

// not_found when there is none.
Result<ReviewQueue> load_queue(store::Connection& c, const std::string& id);

// As it is given; one that is there is brought up to date.
Result<void> take_item(store::Connection& c, const std::string& queue, const QueueItem& item);

// Trimmed, in lower case.
std::string normal_user(std::string_view user);

inline constexpr std::size_t kUserLimit = 250;

}  // namespace slipway::evaluation
