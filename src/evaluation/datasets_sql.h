// SPDX-License-Identifier: Apache-2.0
// The tables of datasets and their records; all of it runs inside the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/datasets.h"
#include "store/database.h"

namespace slipway::evaluation {

Result<void> insert_dataset(store::Connection& c, const Dataset& dataset);
Result<void> update_dataset(store::Connection& c, const Dataset& dataset);
Result<std::optional<Dataset>> find_dataset(store::Connection& c, const std::string& id);
// Empty: of all experiments.
Result<std::vector<Dataset>> datasets_of(store::Connection& c,
                                         const std::vector<std::string>& experiments);
Result<void> put_dataset_tag(store::Connection& c, const std::string& id, const Tag& tag);
// Answers whether it is new.
Result<bool> put_experiment(store::Connection& c, const std::string& id,
                            const std::string& experiment);

Result<void> insert_record(store::Connection& c, const DatasetRecord& record,
                           const std::string& hash);
Result<void> update_record(store::Connection& c, const DatasetRecord& record);
Result<std::optional<DatasetRecord>> find_record(store::Connection& c, const std::string& dataset,
                                                 const std::string& hash);
// Those after (created, id), in that order.
Result<std::vector<DatasetRecord>> records_after(store::Connection& c, const std::string& dataset,
                                                 std::int64_t created, const std::string& id,
                                                 std::int64_t limit);
Result<std::int64_t> count_records(store::Connection& c, const std::string& dataset);

}  // namespace slipway::evaluation
