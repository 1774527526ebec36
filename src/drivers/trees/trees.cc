// SPDX-License-Identifier: Apache-2.0
#include "trees.h"

#include <filesystem>
#include <fstream>

#include "loaded.h"

namespace slipway::drivers::trees {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFile = std::uintmax_t{2} << 30;

// The flavour whose file we can read; null when there is none.
const serving::Flavor* flavor_of(const serving::Package& package) {
  for (const auto& flavor : package.flavor_settings) {
    const auto model_class = flavor.value("model_class");
    if (flavor.name == "xgboost") return &flavor;
    // Other classes are pickles.
    if (flavor.name == "lightgbm" &&
        (model_class.empty() || model_class == "lightgbm.basic.Booster")) {
      return &flavor;
    }
    if (flavor.name == "slipway_trees") return &flavor;
  }
  return nullptr;
}

// The flavour's file, which must be inside the folder.
Result<std::string> file_of(const serving::Package& package, const serving::Flavor& flavor) {
  const auto data = flavor.value("data");
  if (data.empty()) return invalid("flavour " + flavor.name + " does not name its file");
  std::error_code failed;
  const auto root = fs::canonical(package.folder, failed);
  const auto path = failed ? fs::path() : fs::canonical(root / data, failed);
  const auto inside = path.lexically_relative(root);
  if (failed || inside.empty() || *inside.begin() == "..") {
    return Error{Code::data_loss, "the model file '" + data + "' is not in the model folder",
                 "log the model again"};
  }
  return path.string();
}

Result<std::string> read_file(const std::string& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed) return Error{Code::data_loss, "cannot read '" + path + "'", "log the model again"};
  if (size > kMaxFile) return exhausted("the model file is larger than 2 GiB");
  std::string out(size, '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in.read(out.data(), static_cast<std::streamsize>(size))) {
    return Error{Code::data_loss, "cannot read '" + path + "'", "log the model again"};
  }
  return out;
}

class Backend : public serving::ModelBackend {
 public:
  std::string_view name() const override { return "trees"; }
  std::string_view platform() const override { return "slipway_trees"; }

  bool can_load(const serving::Package& package) const override {
    return flavor_of(package) != nullptr;
  }

  Result<std::unique_ptr<serving::LoadedModel>> load(const serving::Package& package) override {
    const auto* flavor = flavor_of(package);
    if (flavor == nullptr) return invalid("the version has no trees");
    SW_TRY(const auto path, file_of(package, *flavor));
    SW_TRY(const auto bytes, read_file(path));
    return load_bytes(bytes, flavor->value("model_class"));
  }
};

}  // namespace

std::unique_ptr<serving::ModelBackend> make_backend() {
  return std::make_unique<Backend>();
}

}  // namespace slipway::drivers::trees
