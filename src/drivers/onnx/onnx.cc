// SPDX-License-Identifier: Apache-2.0
#include "onnx.h"

#include <utility>

#include "base/log.h"
#include "graph_check.h"
#include "runtime.h"
#include "session.h"

namespace slipway::drivers::onnx {
namespace {

class Backend : public serving::ModelBackend {
 public:
  explicit Backend(Options options) : options_(std::move(options)) {}

  std::string_view name() const override { return "onnx"; }
  std::string_view platform() const override { return "onnxruntime_onnx"; }

  bool can_load(const serving::Package& package) const override {
    return package.model_file.ends_with(".onnx");
  }

  Result<std::unique_ptr<serving::LoadedModel>> load(const serving::Package& package) override {
    SW_CHECK_OK(check_graph_file(package.model_file));
    SW_TRY(const auto* runtime, Runtime::open(options_.library, options_.intra_op_threads));
    SW_TRY(auto session, Session::load(*runtime, package.model_file));
    return std::unique_ptr<serving::LoadedModel>(std::move(session));
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<serving::ModelBackend> make_backend(Options options) {
  return std::make_unique<Backend>(std::move(options));
}

}  // namespace slipway::drivers::onnx
