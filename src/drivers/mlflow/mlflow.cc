// SPDX-License-Identifier: Apache-2.0
#include "drivers/mlflow/mlflow.h"

#include <filesystem>

#include "base/text.h"
#include "sources.h"

namespace slipway::drivers::mlflow {

namespace fs = std::filesystem;

void name_from_tags(transfer::RunRecord& run) {
  std::erase_if(run.tags, [&](const transfer::PairRecord& tag) {
    if (tag.key != "mlflow.runName") return false;
    if (run.name.empty()) run.name = tag.value;
    return true;
  });
}

std::string status_word(std::string_view theirs) {
  return to_lower(theirs);
}

Result<SourcePtr> open(const std::string& where, const std::string& artifacts) {
  if (where.starts_with("http://") || where.starts_with("https://")) return open_server(where);
  if (where.find("://") != std::string::npos && !where.starts_with("file://")) {
    return open_database(where, artifacts);
  }
  const std::string path = where.starts_with("file://") ? where.substr(7) : where;
  std::error_code error;
  if (fs::is_directory(path, error)) return open_folder(path);
  if (fs::is_regular_file(path, error)) {
    return open_database("sqlite:///" + fs::absolute(path).string(), artifacts);
  }
  return not_found("there is no MLflow store at '" + where + "'",
                   "give the URL of a running server, an mlruns folder, an SQLite file, "
                   "sqlite:///FILE or postgresql://..");
}

}  // namespace slipway::drivers::mlflow
