// SPDX-License-Identifier: Apache-2.0
#include "wire/prometheus/export.h"

#include "embedded.h"

namespace slipway::wire::prometheus {
namespace {

std::string_view file_named(std::string_view name) {
  for (const auto& file : embedded_files()) {
    if (file.path == name) return file.bytes;
  }
  return {};
}

}  // namespace

std::string_view alert_rules() {
  return file_named("slipway-rules.yaml");
}

std::string_view grafana_dashboard() {
  return file_named("slipway-endpoints.json");
}

}  // namespace slipway::wire::prometheus
