// SPDX-License-Identifier: Apache-2.0
// Traces and evaluation datasets in MLflow's SQL store.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/database.h"
#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

// "?,?,?"
std::string question_marks(std::size_t n);

// `columns`: "table.column" of what there is; what an older schema lacks is left out.
class TraceTables {
 public:
  TraceTables(store::Database& db, const std::set<std::string>& columns, std::string base,
              std::string artifacts)
      : db_(db), columns_(columns), base_(std::move(base)), artifacts_(std::move(artifacts)) {}

  Result<void> traces(const transfer::Source::Each<std::vector<transfer::TraceRecord>>& each);
  Result<void> spans(transfer::TraceRecord& trace);
  // What is attached to a trace of the last pieces that were handed over.
  Result<std::vector<transfer::SourceFile>> files(const std::string& trace);
  Result<void> datasets(const transfer::Source::Each<std::vector<transfer::Record>>& each);

 private:
  bool has(const std::string& column) const { return columns_.contains(column); }
  Result<std::vector<transfer::TraceRecord>> traces_after(store::Connection& c,
                                                          const std::string& last);
  Result<void> load_details(store::Connection& c, std::vector<transfer::TraceRecord>& traces);
  // Where the files of a trace are on this machine; empty: nowhere.
  std::string folder_of(const std::string& trace) const;
  Result<void> load_assessments(store::Connection& c, transfer::TraceRecord& trace);

  store::Database& db_;
  const std::set<std::string>& columns_;
  std::string base_;
  std::string artifacts_;
  std::map<std::string, std::string> folders_;  // of traces
};

}  // namespace slipway::drivers::mlflow
