// SPDX-License-Identifier: Apache-2.0
// Traces in MLflow's file store: a folder for each, in it a file for each tag and assessment.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

class TraceFolders {
 public:
  // `root`: relative places are taken from there.
  explicit TraceFolders(std::string root) : root_(std::move(root)) {}

  // All traces below the folder of one experiment.
  Result<void> traces(const std::string& folder, const std::string& experiment,
                      const transfer::Source::Each<std::vector<transfer::TraceRecord>>& each);
  // Of traces that were handed over.
  Result<void> spans(transfer::TraceRecord& trace);
  Result<std::vector<transfer::SourceFile>> files(const std::string& trace);
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  Result<transfer::TraceRecord> read(const std::string& folder, const std::string& experiment);

  std::string root_;
  std::map<std::string, std::string> artifacts_;  // by trace
  std::vector<std::string> problems_;
};

// The spans of a file that a client or a server wrote beside artifacts; none where there is none.
Result<void> spans_of_file(const std::string& path, transfer::TraceRecord& trace);

}  // namespace slipway::drivers::mlflow
