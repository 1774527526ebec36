// SPDX-License-Identifier: Apache-2.0
#include "app/s3_access.h"

#include <initializer_list>
#include <string>

namespace slipway::app {
namespace {

std::string first_of(const std::string& set, std::initializer_list<const char*> variables) {
  if (!set.empty()) return set;
  for (const char* name : variables) {
    if (const auto value = environment(name); value && !value->empty()) return *value;
  }
  return {};
}

}  // namespace

fetch::S3Access s3_access(const Config& config) {
  fetch::S3Access out{
      .endpoint = first_of(config.s3_endpoint, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}),
      .key_id = first_of({}, {"AWS_ACCESS_KEY_ID"}),
      .secret = first_of({}, {"AWS_SECRET_ACCESS_KEY"}),
      .token = first_of({}, {"AWS_SESSION_TOKEN"})};
  const auto region = first_of(config.s3_region, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (!region.empty()) out.region = region;
  return out;
}

}  // namespace slipway::app
