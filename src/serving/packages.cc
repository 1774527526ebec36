// SPDX-License-Identifier: Apache-2.0
#include "serving/packages.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "registry/registry.h"

namespace slipway::serving {
namespace {

// Columns only when the signature describes a table; tensors have no columns.
std::vector<Column> columns_of(const registry::ModelFile& facts) {
  std::vector<Column> out;
  if (!facts.signature) return out;
  for (const auto& column : facts.signature->inputs) {
    if (!column.shape.empty() || column.name.empty()) return {};
    out.push_back({column.name, column.type});
  }
  return out;
}

class RegisteredPackages : public PackageSource {
 public:
  explicit RegisteredPackages(const registry::Registry& registry) : registry_(registry) {}

  Result<std::string> resolve(const std::string& model, const std::string& alias) override {
    SW_TRY(const auto version, registry_.by_alias(model, alias));
    if (!version) {
      return not_found("model '" + model + "' has no alias '" + alias + "'",
                       "set the alias on one of its versions first");
    }
    return std::to_string(version->version);
  }

  Result<std::string> newest(const std::string& model) override {
    SW_TRY(const auto found, registry_.model(model));
    std::int64_t newest = 0;
    for (const auto& version : found.latest) newest = std::max(newest, version.version);
    if (newest == 0) return not_found("model '" + model + "' has no version");
    return std::to_string(newest);
  }

  Result<Package> package(const std::string& model, const std::string& version) override {
    const auto number = parse_int(version);
    if (!number || *number < 1) {
      return invalid("'" + version + "' is not the number of a version");
    }
    SW_TRY(auto found, registry_.package({model, *number}));
    Package out{.model = model,
                .version = version,
                .folder = std::move(found.folder),
                .model_file = std::move(found.onnx_file)};
    for (const auto& flavor : found.facts.flavors) {
      out.flavors += (out.flavors.empty() ? "" : ", ") + flavor.name;
      out.flavor_settings.push_back({flavor.name, flavor.values});
    }
    out.columns = columns_of(found.facts);
    SW_TRY(out.sequences, read_sequences(out.folder));
    return out;
  }

 private:
  const registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<PackageSource> packages_of(const registry::Registry& registry) {
  return std::make_unique<RegisteredPackages>(registry);
}

}  // namespace slipway::serving
