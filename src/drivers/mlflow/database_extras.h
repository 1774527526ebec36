// SPDX-License-Identifier: Apache-2.0
// What stands beside the history in MLflow's SQL store, and which tables do not come over.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "store/database.h"
#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

// `columns`: "table.column" of what there is; what an older schema lacks is left out.
class ExtraTables {
 public:
  using Each = transfer::Source::Each<transfer::Record>;

  ExtraTables(store::Database& db, const std::set<std::string>& columns)
      : db_(db), columns_(columns) {}

  Result<void> issues(const Each& each);
  Result<void> extras(const Each& each);
  // A sentence for each table that has rows and is not read.
  Result<std::vector<std::string>> left_out();

 private:
  bool has(const std::string& column) const { return columns_.contains(column); }
  Result<void> questions(const Each& each);
  Result<void> queues(const Each& each);
  Result<void> load_queue(store::Connection& c, transfer::QueueRecord& queue);
  Result<void> scorers(const Each& each);
  Result<void> webhooks(const Each& each);
  Result<void> tool_servers(const Each& each);
  Result<void> load_tool_server(store::Connection& c, transfer::ToolServerRecord& server);

  store::Database& db_;
  const std::set<std::string>& columns_;
};

}  // namespace slipway::drivers::mlflow
