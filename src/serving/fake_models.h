// SPDX-License-Identifier: Apache-2.0
// Versions without files, for the tests of this room.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "serving/backend.h"
#include "serving/packages.h"

namespace slipway::serving {

// What all fake models of a test share.
struct FakeControl {
  std::atomic<int> run_ms{0};
  std::atomic<int> runs{0};
  std::atomic<int> most_rows{0};
  std::atomic<int> loaded{0};  // now
  std::atomic<bool> held{false};
  std::atomic<int> loads{0};  // ever
  std::atomic<bool> load_held{false};
  std::atomic<bool> load_fails{false};
  std::atomic<std::size_t> bytes{0};  // that each model says it takes
  std::atomic<bool> steady{false};
  std::atomic<std::thread::id> last_thread;
};

// [N,2] -> [N]: the sum of a row plus its own version number. A row with a negative sum fails.
class FakeModel : public LoadedModel {
 public:
  FakeModel(FakeControl& control, float version) : control_(control), version_(version) {
    signature_.inputs = {{.name = "x", .dtype = DType::fp32, .shape = {-1, 2}}};
    signature_.outputs = {{.name = "y", .dtype = DType::fp32, .shape = {-1}}};
    ++control_.loaded;
  }
  ~FakeModel() override { --control_.loaded; }

  const Signature& signature() const override { return signature_; }
  std::size_t outside_bytes() const override { return control_.bytes; }
  bool is_steady() const override { return control_.steady; }

  Result<Tensors> run(const Tensors& inputs) override {
    ++control_.runs;
    control_.last_thread = std::this_thread::get_id();
    while (control_.held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (const int ms = control_.run_ms; ms > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    }
    const auto& x = inputs.front();
    const auto rows = static_cast<int>(x.rows());
    int most = control_.most_rows;
    while (rows > most && !control_.most_rows.compare_exchange_weak(most, rows)) {
    }
    auto y = Tensor::make("y", DType::fp32, {x.rows()});
    for (int i = 0; i < rows; ++i) {
      const auto at = static_cast<std::size_t>(i) * 2;
      const float sum = x.values<float>()[at] + x.values<float>()[at + 1];
      if (sum < 0) return invalid("a negative sum");
      static_cast<float*>(y.mutable_data())[i] = sum + version_;
    }
    return Tensors{std::move(y)};
  }

 protected:
  Signature signature_;

 private:
  FakeControl& control_;
  const float version_;
};

class FakeBackend : public ModelBackend {
 public:
  explicit FakeBackend(FakeControl& control) : control_(control) {}
  std::string_view name() const override { return "fake"; }
  std::string_view platform() const override { return "fake"; }
  bool can_load(const Package& package) const override { return package.model_file == "fake"; }
  Result<std::unique_ptr<LoadedModel>> load(const Package& package) override {
    if (package.version == "13") {
      return Error{Code::data_loss, "the file is truncated", "log the model again"};
    }
    ++control_.loads;
    while (control_.load_held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (control_.load_fails) return Error{Code::data_loss, "the disk is gone", {}};
    return std::unique_ptr<LoadedModel>(
        std::make_unique<FakeModel>(control_, std::stof(package.version) * 1000));
  }

 private:
  FakeControl& control_;
};

// Every model has the versions 1 .. 20; one alias, `champion`.
class FakePackages : public PackageSource {
 public:
  Result<std::string> resolve(const std::string& model, const std::string& alias) override {
    const std::scoped_lock lock(mutex_);
    if (alias != "champion" || champion_.empty()) {
      return not_found("model '" + model + "' has no alias '" + alias + "'");
    }
    return champion_;
  }
  Result<std::string> newest(const std::string& model) override {
    if (model == "nothing") return not_found("no model");
    return std::string("3");
  }
  Result<Package> package(const std::string& model, const std::string& version) override {
    if (std::stoi(version) > 20) return not_found("no version " + version);
    return Package{.model = model,
                   .version = version,
                   .model_file = model == "foreign" ? "" : "fake",
                   .flavors = "sklearn",
                   .columns = {{"a", "float"}, {"b", "float"}}};
  }
  void set_champion(std::string version) {
    const std::scoped_lock lock(mutex_);
    champion_ = std::move(version);
  }

 private:
  std::mutex mutex_;
  std::string champion_ = "1";
};

inline Tensor pair_of(float a, float b) {
  auto x = Tensor::make("x", DType::fp32, {1, 2});
  static_cast<float*>(x.mutable_data())[0] = a;
  static_cast<float*>(x.mutable_data())[1] = b;
  return x;
}

}  // namespace slipway::serving
