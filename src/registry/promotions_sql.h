// SPDX-License-Identifier: Apache-2.0
// Protections, requests and votes as rows. All of it runs inside the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "registry/promotions.h"
#include "store/database.h"

namespace slipway::registry {

struct RequestRow {
  std::string model_id;
  PromotionRequest request;
};

Result<std::optional<Protection>> find_protection(store::Connection& db,
                                                  const std::string& model_id);
Result<void> put_protection(store::Connection& db, const std::string& model_id,
                            const Protection& protection);
Result<bool> drop_protection(store::Connection& db, const std::string& model_id);

// Rows of "FROM registry_promotion p JOIN registry_model m <rest>" with their votes.
Result<std::vector<RequestRow>> load_requests(store::Connection& db, const std::string& rest,
                                              const store::Cells& cells);
Result<RequestRow> find_request(store::Connection& db, const std::string& id);
Result<void> insert_request(store::Connection& db, const RequestRow& row);
Result<void> insert_vote(store::Connection& db, const std::string& id, const Vote& vote);
Result<void> set_request_state(store::Connection& db, const std::string& id, RequestState state,
                               std::optional<Timestamp> ended);

}  // namespace slipway::registry
