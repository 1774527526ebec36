// SPDX-License-Identifier: Apache-2.0
// Batch jobs and their answers in the database.
#pragma once

#include "app/batch.h"
#include "store/database.h"

namespace slipway::app {

Result<void> insert_job(store::Database& db, const BatchJob& job);
// State, error, progress and times.
Result<void> update_job(store::Database& db, const BatchJob& job);
// Progress, and answers with it: both or neither.
Result<void> add_answers(store::Database& db, const BatchJob& job,
                         const std::vector<BatchAnswer>& answers);
Result<std::optional<BatchJob>> find_job(store::Database& db, const std::string& id);
Result<std::vector<BatchJob>> load_jobs(store::Database& db, std::size_t limit);
Result<std::optional<BatchAnswer>> find_answer(store::Database& db, const std::string& target,
                                               const std::string& key);

}  // namespace slipway::app
