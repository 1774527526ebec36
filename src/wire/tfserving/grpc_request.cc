// SPDX-License-Identifier: Apache-2.0
#include "grpc_request.h"

namespace slipway::wire::tfserving {
namespace {

constexpr std::size_t kMaxTensors = 1024;

Result<std::pair<std::string, std::string_view>> entry_of(ProtoReader entry) {
  std::pair<std::string, std::string_view> out;
  while (entry.next()) {
    if (entry.field() == 1) out.first = entry.bytes();
    if (entry.field() == 2) out.second = entry.bytes();
  }
  if (!entry.ok()) return malformed();
  return out;
}

}  // namespace

Error malformed() {
  return invalid("the request is no well-formed message");
}

Result<ModelSpec> spec_of(ProtoReader message) {
  ModelSpec out;
  while (message.next()) {
    switch (message.field()) {
      case 1:
        out.name = message.bytes();
        break;
      case 2: {  // Int64Value
        std::int64_t version = 0;
        auto value = message.message();
        while (value.next()) {
          if (value.field() == 1) version = value.int64();
        }
        if (!value.ok()) return malformed();
        out.version = std::to_string(version);
        break;
      }
      case 3:
        out.signature = message.bytes();
        break;
      case 4:
        out.label = message.bytes();
        break;
      default:
        break;
    }
  }
  if (!message.ok()) return malformed();
  if (out.name.empty()) return invalid("model_spec.name is missing");
  return out;
}

Result<Asked> read_asked(std::string_view bytes, bool predict) {
  Asked out;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() == 1) {
      SW_TRY(out.spec, spec_of(in.message()));
    } else if (in.field() == 2 && predict) {
      if (out.tensors.size() == kMaxTensors) return invalid("too many inputs");
      SW_TRY(auto entry, entry_of(in.message()));
      out.tensors.push_back(std::move(entry));
    } else if (in.field() == 2) {
      out.input = in.bytes();
    } else if (in.field() == 3 && predict) {
      if (out.filter.size() == kMaxTensors) return invalid("output_filter is too long");
      out.filter.emplace_back(in.bytes());
    }
  }
  if (!in.ok()) return malformed();
  if (out.spec.name.empty()) return invalid("model_spec.name is missing");
  return out;
}

}  // namespace slipway::wire::tfserving
