// SPDX-License-Identifier: Apache-2.0
#include "evaluation/erase.h"

#include "store/database.h"

namespace slipway::evaluation {
namespace {

// What hangs on these goes with them, by their foreign keys.
constexpr const char* kOfExperiment[] = {
    "DELETE FROM evaluation_scorer WHERE experiment_id = ?",
    "DELETE FROM evaluation_queue WHERE experiment_id = ?",
    "DELETE FROM evaluation_question WHERE experiment_id = ?",
    "DELETE FROM evaluation_issue WHERE experiment_id = ?",
    "DELETE FROM evaluation_dataset_experiment WHERE experiment_id = ?"};

}  // namespace

Result<void> erase_experiment(store::Connection& db, const std::string& experiment) {
  for (const auto* sql : kOfExperiment) SW_CHECK_OK(db.exec(sql, {experiment}));
  return {};
}

}  // namespace slipway::evaluation
