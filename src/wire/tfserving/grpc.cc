// SPDX-License-Identifier: Apache-2.0
// tensorflow.serving.PredictionService and ModelService.
#include <algorithm>
#include <utility>

#include "base/protobuf.h"
#include "base/protobuf_write.h"
#include "base/text.h"
#include "examples.h"
#include "grpc_request.h"
#include "model_spec.h"
#include "predict_json.h"
#include "tensor_proto.h"
#include "wire/tfserving/routes.h"

namespace slipway::wire::tfserving {
namespace {

using CallPtr = std::shared_ptr<net::GrpcCall>;
using serving::Tensor;
using serving::Tensors;
using serving::TensorSpec;

constexpr std::size_t kDecodedAtOnce = 64 << 10;

std::string write_spec(const serving::Target& target) {
  std::string out;
  put_text(out, 1, target.endpoint());
  std::string version;
  if (const auto number = parse_int(target.version())) {
    put_number(version, 1, static_cast<std::uint64_t>(*number));
  }
  put_bytes(out, 2, version);
  put_text(out, 3, kSignature);
  return out;
}

bool is_wanted(const Asked& asked, const std::string& name) {
  return asked.filter.empty() ||
         std::find(asked.filter.begin(), asked.filter.end(), name) != asked.filter.end();
}

Result<Tensors> inputs_of(const Asked& asked, const net::GrpcMessage& message,
                          const serving::Target& target) {
  if (asked.tensors.empty() && !asked.input.empty()) {
    return parse_input(asked.input, target.layout());
  }
  Tensors out;
  for (const auto& [name, bytes] : asked.tensors) {
    SW_TRY(auto tensor, read_tensor_proto(name, bytes, message.owner));
    for (const auto& spec : target.signature().inputs) {
      if (spec.name == name) tensor = fitted(std::move(tensor), spec);
    }
    out.push_back(std::move(tensor));
  }
  for (const auto& name : asked.filter) {
    const auto& outputs = target.signature().outputs;
    const bool known = std::any_of(outputs.begin(), outputs.end(),
                                   [&](const TensorSpec& spec) { return spec.name == name; });
    if (!known) return invalid("output_filter: unknown output '" + name.substr(0, 100) + "'");
  }
  return out;
}

using Encode = Result<std::string> (*)(const Asked&, const serving::Target&, const Tensors&);

Result<std::string> encode_predict(const Asked& asked, const serving::Target& target,
                                   const Tensors& outputs) {
  std::string out;
  for (const auto& tensor : outputs) {
    if (is_wanted(asked, tensor.name)) put_entry(out, 1, tensor.name, write_tensor_proto(tensor));
  }
  put_bytes(out, 2, write_spec(target));
  return out;
}

Result<std::string> encode_classes(const Asked&, const serving::Target& target,
                                   const Tensors& outputs) {
  SW_TRY(const auto rows, classes_of(outputs));
  std::string result;
  for (const auto& row : rows) {
    std::string classes;
    for (const auto& one : row) {
      std::string entry;
      put_text(entry, 1, one.label);
      put_fixed(entry, 2, static_cast<float>(one.score));
      put_bytes(classes, 1, entry);
    }
    put_bytes(result, 1, classes);
  }
  std::string out;
  put_bytes(out, 1, result);
  put_bytes(out, 2, write_spec(target));
  return out;
}

Result<std::string> encode_values(const Asked&, const serving::Target& target,
                                  const Tensors& outputs) {
  SW_TRY(const auto values, values_of(outputs));
  std::string result;
  for (const double value : values) {
    std::string entry;
    put_fixed(entry, 1, static_cast<float>(value));
    put_bytes(result, 1, entry);
  }
  std::string out;
  put_bytes(out, 1, result);
  put_bytes(out, 2, write_spec(target));
  return out;
}

void run(const serving::Endpoints& endpoints, const net::GrpcMessage& message, const CallPtr& call,
         bool predict, Encode encode) {
  auto asked = read_asked(message.bytes, predict);
  if (!asked) return call->finish(net::status_of(asked.error()));
  auto target = pick(endpoints, asked->spec, call->request().headers);
  if (!target) return call->finish(net::status_of(target.error()));
  auto inputs = inputs_of(*asked, message, *target);
  if (!inputs) {
    target->reject(inputs.error());
    return call->finish(net::status_of(inputs.error()));
  }
  const auto& request = call->request();
  serving::Call wanted{.request_id = request.request_id,
                       .inputs = *std::move(inputs),
                       .received_ns = request.received_ns,
                       .deadline_ns = call->deadline_ns(),
                       .cancelled = call->cancellation(),
                       .traceparent = request.traceparent};
  auto kept = std::make_shared<const Asked>(*std::move(asked));
  // `message` stays: what was asked for is a view into it.
  target->infer(std::move(wanted), [call, encode, kept, message, target = *target](auto answer) {
    if (!answer) return call->finish(net::status_of(answer.error()));
    auto bytes = encode(*kept, target, *answer);
    if (!bytes) return call->finish(net::status_of(bytes.error()));
    call->answer(*std::move(bytes));
  });
}

std::string tensor_infos(std::uint32_t field, const std::vector<TensorSpec>& specs) {
  std::string out;
  for (const auto& spec : specs) {
    std::string info;
    put_text(info, 1, spec.name + ":0");
    put_number(info, 2, dtype_number(spec.dtype));
    put_bytes(info, 3, write_shape(spec.shape));
    put_entry(out, field, spec.name, info);
  }
  return out;
}

Result<std::string> metadata(const serving::Endpoints& endpoints, const net::Request& request,
                             std::string_view bytes) {
  ModelSpec spec;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() == 1) {
      SW_TRY(spec, spec_of(in.message()));
    } else if (in.field() == 2 && in.bytes() != "signature_def") {
      return invalid("metadata_field '" + std::string(in.bytes().substr(0, 100)) +
                     "' is not kept: signature_def is");
    }
  }
  if (!in.ok()) return malformed();
  SW_TRY(const auto target, pick(endpoints, spec, request.headers));
  auto signature = tensor_infos(1, target.signature().inputs);
  signature += tensor_infos(2, target.signature().outputs);
  put_text(signature, 3, "tensorflow/serving/predict");
  std::string signatures;
  put_entry(signatures, 1, kSignature, signature);
  std::string any;
  put_text(any, 1, "type.googleapis.com/tensorflow.serving.SignatureDefMap");
  put_bytes(any, 2, signatures);
  std::string out;
  put_bytes(out, 1, write_spec(target));
  put_entry(out, 2, "signature_def", any);
  return out;
}

Result<std::string> model_status(const serving::Endpoints& endpoints, const net::Request&,
                                 std::string_view bytes) {
  constexpr std::uint64_t kUnavailable = 14;
  ModelSpec spec;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() != 1) continue;
    SW_TRY(spec, spec_of(in.message()));
  }
  if (!in.ok()) return malformed();
  SW_TRY(const auto states, states_of(endpoints, spec));
  std::string out;
  for (const auto& state : states) {
    std::string entry;
    put_number(entry, 1, static_cast<std::uint64_t>(parse_int(state.version).value_or(0)));
    put_number(entry, 2, state.number);
    std::string status;
    if (!state.error.empty()) {
      put_number(status, 1, kUnavailable);
      put_text(status, 2, state.error);
    }
    put_bytes(entry, 3, status);
    put_bytes(out, 1, entry);
  }
  return out;
}

Result<std::string> reload(const serving::Endpoints&, const net::Request&, std::string_view) {
  return Error{Code::unimplemented, "models are configured as endpoints",
               "use PUT /api/v1/endpoints/NAME, or the model repository of /v2"};
}

Result<std::string> several(const serving::Endpoints&, const net::Request&, std::string_view) {
  return Error{Code::unimplemented, "several inferences in one call are not offered",
               "send them one by one; they share batches"};
}

}  // namespace

void add_methods(net::GrpcRouter& router, serving::Endpoints& endpoints, Pool& decoders) {
  const auto add_run = [&](const char* name, bool predict, Encode encode) {
    router.add(
        {.path = std::string("/tensorflow.serving.PredictionService/") + name,
         .wire = "tfserving",
         .action = "endpoint.invoke",
         .unary = [&endpoints, &decoders, predict, encode](net::GrpcMessage message, CallPtr call) {
           const auto go = [&endpoints, message, call, predict, encode] {
             run(endpoints, message, call, predict, encode);
           };
           if (message.bytes.size() <= kDecodedAtOnce) return go();
           if (!decoders.post(go)) {
             call->finish({net::GrpcCode::resource_exhausted, "too many large requests wait"});
           }
         }});
  };
  using Answer =
      Result<std::string> (*)(const serving::Endpoints&, const net::Request&, std::string_view);
  const auto add = [&](const char* path, const char* action, Answer answer) {
    router.add(
        {.path = path,
         .wire = "tfserving",
         .action = action,
         .plain = [&endpoints, answer](const net::Request& request, std::string_view message) {
           return answer(endpoints, request, message);
         }});
  };
  add_run("Predict", true, encode_predict);
  add_run("Classify", false, encode_classes);
  add_run("Regress", false, encode_values);
  add("/tensorflow.serving.PredictionService/MultiInference", "endpoint.invoke", several);
  add("/tensorflow.serving.PredictionService/GetModelMetadata", "endpoint.read", metadata);
  add("/tensorflow.serving.ModelService/GetModelStatus", "endpoint.read", model_status);
  add("/tensorflow.serving.ModelService/HandleReloadConfigRequest", "endpoint.write", reload);
}

}  // namespace slipway::wire::tfserving
