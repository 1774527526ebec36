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
Result<void> delete_endpoint(store::Database& db, const std::string& name);
Result<std::vector<StoredEndpoint>> load_endpoints(store::Database& db);

}  // namespace slipway::serving
