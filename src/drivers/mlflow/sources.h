// SPDX-License-Identifier: Apache-2.0
// The three kinds of MLflow store; one file each.
#pragma once

#include <memory>
#include <string>

#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

using SourcePtr = std::unique_ptr<transfer::Source>;

Result<SourcePtr> open_database(const std::string& url, const std::string& artifacts);
Result<SourcePtr> open_folder(const std::string& folder);
Result<SourcePtr> open_server(const std::string& url);

// The tag that says a run's name once more becomes the name where there is none yet.
void name_from_tags(transfer::RunRecord& run);
// "FINISHED" -> "finished"; an unknown word is kept and refused by the target.
std::string status_word(std::string_view theirs);
// The stage of a version that was deleted and only remembered for its number.
inline constexpr std::string_view kDeletedStage = "Deleted_Internal";

}  // namespace slipway::drivers::mlflow
