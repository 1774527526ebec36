// SPDX-License-Identifier: Apache-2.0
// Records of what stands beside the history, into our store.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"
#include "tracking/types.h"
#include "transfer/record.h"

namespace slipway::transfer {

using tracking::ExperimentId;

// The id that it has here.
Result<std::string> take_question(store::Connection& db, const QuestionRecord& record,
                                  const ExperimentId& experiment);
Result<void> take_queue(store::Connection& db, const QueueRecord& record,
                        const ExperimentId& experiment, const std::vector<std::string>& questions);
Result<void> take_scorer(store::Connection& db, const ScorerRecord& record,
                         const ExperimentId& experiment);
Result<void> take_issue(store::Connection& db, const IssueRecord& record,
                        const ExperimentId& experiment);
Result<void> take_tool_server(store::Connection& db, const ToolServerRecord& record);
Result<void> take_webhook(store::Connection& db, const WebhookRecord& record);

}  // namespace slipway::transfer
