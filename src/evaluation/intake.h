// SPDX-License-Identifier: Apache-2.0
// The door for what was made elsewhere: ids, times and users are given here, not made.
// All of it runs inside the caller's transaction, and may be repeated.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "evaluation/datasets.h"
#include "evaluation/issues.h"
#include "evaluation/questions.h"
#include "evaluation/queues.h"
#include "evaluation/scorers.h"
#include "evaluation/tool_servers.h"

namespace slipway::store {
class Connection;
}

namespace slipway::evaluation {

// Brings a dataset that is there up to date; experiments are added.
Result<void> take_dataset(store::Connection& db, const Dataset& dataset,
                          const std::vector<std::string>& experiments);
// A record with the same inputs is the same record. Its dataset must be there.
Result<void> take_record(store::Connection& db, const DatasetRecord& record);
// One of this name in the experiment is the same question. Returns the id that it has here. `form`:
// the answer's form as JSON (docs/formats/transfer.md).
Result<std::string> take_question(store::Connection& db, Question question, std::string_view form);
// One of this name in the experiment is the same queue: users, questions and items are added.
Result<void> take_queue(store::Connection& db, const ReviewQueue& queue,
                        const std::vector<QueueItem>& items);
// A version that is there stays as it is.
Result<void> take_scorer(store::Connection& db, const Scorer& scorer);
Result<void> take_issue(store::Connection& db, const Issue& issue);
// Versions, tags, aliases and addresses are added; of what is there the fields are brought up to
// date. A version of status "deleted" keeps its number taken.
Result<void> take_tool_server(store::Connection& db, const ToolServer& server);

}  // namespace slipway::evaluation
