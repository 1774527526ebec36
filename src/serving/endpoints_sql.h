// SPDX-License-Identifier: Apache-2.0
// Endpoints in the database.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "serving/endpoint.h"
#include "store/database.h"

namespace slipway::serving {

struct StoredEndpoint {
  EndpointSpec spec;
  Timestamp created;
  Timestamp updated;
};

Result<void> insert_endpoint(store::Database& db, const StoredEndpoint& endpoint);
Result<void> replace_endpoint(store::Database& db, const EndpointSpec& spec, Timestamp updated);
Result<void> delete_endpoint(store::Database& db, const std::string& name, Timestamp at);
Result<std::vector<StoredEndpoint>> load_endpoints(store::Database& db);

// Gives each graph of the spec its model and version: the version that has the same text, or a new
// one.
Result<void> number_graphs(store::Database& db, EndpointSpec& spec);

// The text of a version of an endpoint's graph; not_found when there is no such one.
Result<std::string> graph_text(store::Database& db, const std::string& endpoint,
                               const std::string& version);

// Every change of an endpoint's routes, oldest first.
Result<std::vector<EndpointPast>> load_past(store::Database& db, const std::string& endpoint);

}  // namespace slipway::serving
