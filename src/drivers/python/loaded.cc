// SPDX-License-Identifier: Apache-2.0
#include "loaded.h"

#include <utility>

#include "tensors.h"

namespace slipway::drivers::python {
namespace {

using serving::DType;
using serving::Tensor;
using serving::Tensors;

class LoadedPython : public serving::LoadedModel {
 public:
  LoadedPython(std::unique_ptr<Workers> workers, serving::Signature signature)
      : workers_(std::move(workers)), signature_(std::move(signature)) {}

  const serving::Signature& signature() const override { return signature_; }
  int instances() const override { return workers_->most(); }
  std::size_t outside_bytes() const override { return workers_->resident_bytes(); }

  Result<Tensors> run(const Tensors& inputs) override { return run_traced(inputs, {}); }

  Result<Tensors> run_traced(const Tensors& inputs, const std::string& traceparent) override {
    const bool body = inputs.size() == 1 && inputs.front().name == serving::kBody;
    return outputs_of(body ? invoke(inputs.front(), traceparent) : infer(inputs, traceparent));
  }
  bool remembers() const override { return workers_->pinned(); }
  Result<Tensors> run_at(int at, std::uint64_t& memory, const Tensors& inputs,
                         const std::string& traceparent) override {
    json::object message{{"op", "infer"}};
    if (!traceparent.empty()) message["traceparent"] = traceparent;
    return outputs_of(workers_->call_at(at, memory, message, inputs));
  }

  Result<void> stream(const Tensors& inputs, const Piece& take) override {
    if (inputs.size() != 1 || inputs.front().name != serving::kBody) {
      return invalid("a model that streams its answer is asked by a whole body");
    }
    return workers_->stream(inputs.front().texts()[1], [&](std::string piece) {
      return take(Tensor::of_texts(serving::kBody, {1}, {std::move(piece)}));
    });
  }

 private:
  static Result<Tensors> outputs_of(const Result<WorkerReply>& reply) {
    if (!reply) return reply.error();
    if (const auto* whole = json::find(reply->message, "json")) {
      SW_TRY(const auto place, place_of(*whole, reply->memory->size()));
      return Tensors{
          Tensor::of_texts(serving::kBody, {1}, {reply->memory->substr(place.at, place.bytes)})};
    }
    const auto* outputs = json::find(reply->message, "outputs");
    if (outputs == nullptr) return internal("the Python worker answered nonsense: no outputs");
    SW_TRY(auto tensors, unpack(*outputs, reply->memory));
    if (tensors.empty()) return Error{Code::failed_precondition, "the model answered nothing", {}};
    return tensors;
  }

  Result<WorkerReply> infer(const Tensors& inputs, const std::string& traceparent) {
    json::object message{{"op", "infer"}};
    if (!traceparent.empty()) message["traceparent"] = traceparent;
    return workers_->call(message, inputs, {});
  }
  // {content type, body}
  Result<WorkerReply> invoke(const Tensor& body, const std::string& traceparent) {
    if (body.dtype() != DType::bytes || body.count() != 2) return internal("a body of two texts");
    json::object message{{"op", "invoke"}, {"type", body.texts()[0]}};
    if (!traceparent.empty()) message["traceparent"] = traceparent;
    return workers_->call(message, {}, body.texts()[1]);
  }

  std::unique_ptr<Workers> workers_;
  serving::Signature signature_;
};

}  // namespace

Result<std::unique_ptr<serving::LoadedModel>> make_loaded(std::unique_ptr<Workers> workers) {
  const auto& description = workers->description();
  const auto* inputs = json::find(description, "inputs");
  if (inputs == nullptr) return internal("the Python worker answered nonsense: no inputs");
  serving::Signature signature{.bodies = true};
  SW_TRY(signature.inputs, specs_of(*inputs));
  signature.streams = json::bool_at(description, "streams").value_or(false);
  signature.only_bodies = json::bool_at(description, "only_bodies").value_or(true);
  signature.outputs = {{.name = "predictions", .dtype = DType::fp64, .shape = {-1}, .bare = true}};
  return std::unique_ptr<serving::LoadedModel>(
      std::make_unique<LoadedPython>(std::move(workers), std::move(signature)));
}

}  // namespace slipway::drivers::python
