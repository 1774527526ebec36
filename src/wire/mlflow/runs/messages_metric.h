// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

struct GetHistory {
  std::string run_id;
  std::string run_uuid;
  std::string metric_key;
  std::string page_token;
  std::optional<std::int64_t> max_results;
};
BOOST_DESCRIBE_STRUCT(GetHistory, (), (run_id, run_uuid, metric_key, page_token, max_results))

struct GetHistoryBulk {
  std::vector<std::string> run_id;
  std::string metric_key;
  std::optional<std::int64_t> max_results;
};
BOOST_DESCRIBE_STRUCT(GetHistoryBulk, (), (run_id, metric_key, max_results))

struct GetHistorySampled {
  std::vector<std::string> run_ids;
  std::string metric_key;
  std::optional<std::int64_t> start_step;
  std::optional<std::int64_t> end_step;
  std::optional<std::int64_t> max_results;
};
BOOST_DESCRIBE_STRUCT(GetHistorySampled, (),
                      (run_ids, metric_key, start_step, end_step, max_results))

}  // namespace slipway::wire::mlflow
