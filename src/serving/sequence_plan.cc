// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <utility>

#include "blob/atomic_file.h"
#include "sequences.h"

namespace slipway::serving {
namespace {

constexpr std::size_t kMaxState = 256 << 20;  // bytes

bool is_open(const TensorSpec& spec) {
  return !spec.shape.empty() && spec.shape[0] == -1;
}

Shape first_shape(const TensorSpec& spec) {
  Shape out = spec.shape;
  for (auto& n : out) n = n < 0 ? 1 : n;
  return out;
}

template <class T>
void fill_as(Tensor& out, double value) {
  const auto each = static_cast<T>(value);
  for (std::size_t i = 0; i < out.count(); ++i) {
    std::memcpy(static_cast<char*>(out.mutable_data()) + i * sizeof each, &each, sizeof each);
  }
}

Result<Tensor> constant(const TensorSpec& spec, double value) {
  const auto shape = first_shape(spec);
  if (spec.dtype == DType::bytes) {
    return Tensor::of_texts(spec.name, shape, std::vector<std::string>(*element_count(shape)));
  }
  auto out = Tensor::make(spec.name, spec.dtype, shape);
  switch (spec.dtype) {
    case DType::boolean:
    case DType::int8:
    case DType::uint8:
      fill_as<std::int8_t>(out, value);
      return out;
    case DType::int16:
    case DType::uint16:
      fill_as<std::int16_t>(out, value);
      return out;
    case DType::int32:
    case DType::uint32:
      fill_as<std::int32_t>(out, value);
      return out;
    case DType::int64:
    case DType::uint64:
      fill_as<std::int64_t>(out, value);
      return out;
    case DType::fp32:
      fill_as<float>(out, value);
      return out;
    case DType::fp64:
      fill_as<double>(out, value);
      return out;
    case DType::fp16:
    case DType::bf16:
    case DType::bytes:
      break;
  }
  return Error{Code::failed_precondition,
               "a control of type " + std::string(name_of(spec.dtype)) + " is not offered",
               "use INT32, FP32 or BOOL"};
}

Error mistaken(const std::string& what) {
  return {Code::failed_precondition, "sequence_batching: " + what, {}};
}

const TensorSpec* find(const std::vector<TensorSpec>& specs, const std::string& name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const TensorSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

Result<void> check_type(const std::optional<DType>& said, const TensorSpec& spec) {
  if (!said || *said == spec.dtype || spec.any_number) return {};
  return mistaken("'" + spec.name + "' is said to be " + std::string(name_of(*said)) +
                  ", the model's is " + std::string(name_of(spec.dtype)));
}

Result<Tensor> first_state(const SequenceState& state, const TensorSpec& spec, bool by_row) {
  Shape shape = first_shape(spec);
  if (state.initial) {
    shape = *state.initial;
    if (by_row) shape.insert(shape.begin(), 1);
    bool fits = shape.size() == spec.shape.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i) {
      fits = spec.shape[i] < 0 || spec.shape[i] == shape[i];
    }
    if (!fits) {
      return mistaken("the first state of '" + spec.name + "' has shape " + text_of(shape) +
                      ", the model takes " + text_of(spec.shape));
    }
  }
  const auto count =
      element_count(shape, kMaxState / std::max<std::size_t>(1, size_of(spec.dtype)));
  if (!count) return mistaken("the state '" + spec.name + "' is too large");
  if (spec.dtype == DType::bytes) {
    if (!state.file.empty()) return mistaken("a state of texts begins empty, not with a file");
    return Tensor::of_texts(spec.name, shape, std::vector<std::string>(*count));
  }
  auto out = Tensor::make(spec.name, spec.dtype, shape);
  if (state.file.empty()) return out;
  SW_TRY(const auto bytes, blob::read_file(state.file, kMaxState));
  if (bytes.size() != out.raw().size()) {
    return mistaken("the file of '" + spec.name + "' has " + std::to_string(bytes.size()) +
                    " bytes, the state " + std::to_string(out.raw().size()));
  }
  std::memcpy(out.mutable_data(), bytes.data(), bytes.size());
  return out;
}

class Planner {
 public:
  Planner(SequencePlan& plan, const Signature& model) : plan_(plan), model_(model) {}

  Result<void> plan() {
    const auto& in = model_.inputs;
    const auto& out = model_.outputs;
    plan_.by_row = std::all_of(in.begin(), in.end(), is_open) &&
                   (model_.bodies || std::all_of(out.begin(), out.end(), is_open));
    SW_CHECK_OK(check_names());
    for (const auto& spec : in) SW_CHECK_OK(feed(spec));
    plan_.shown.outputs.clear();
    const auto& kept = plan_.spec->shown;
    for (const auto& spec : out) {
      const bool shown = std::find(kept.begin(), kept.end(), spec.name) != kept.end();
      if (!is_state(spec.name) || shown) plan_.shown.outputs.push_back(spec);
    }
    if (plan_.shown.inputs.empty()) return mistaken("no input is left for the caller to give");
    if (plan_.shown.outputs.empty()) return mistaken("no output is left to answer");
    return {};
  }

 private:
  bool is_state(const std::string& output) const {
    const auto& states = plan_.spec->states;
    return std::any_of(states.begin(), states.end(),
                       [&](const SequenceState& state) { return state.output == output; });
  }

  Result<void> check_names() const {
    for (const auto& control : plan_.spec->controls) {
      if (find(model_.inputs, control.input) == nullptr) {
        return mistaken("the model has no input '" + control.input + "'");
      }
    }
    for (const auto& state : plan_.spec->states) {
      if (find(model_.inputs, state.input) == nullptr) {
        return mistaken("the model has no input '" + state.input + "'");
      }
      if (!model_.bodies && find(model_.outputs, state.output) == nullptr) {
        return mistaken("the model has no output '" + state.output + "'");
      }
    }
    return {};
  }

  Result<void> feed(const TensorSpec& spec) {
    using Feed = SequencePlan::Feed;
    for (const auto& state : plan_.spec->states) {
      if (state.input != spec.name) continue;
      SW_CHECK_OK(check_type(state.type, spec));
      const auto* output = find(model_.outputs, state.output);
      if (output != nullptr && !model_.bodies && output->dtype != spec.dtype) {
        return mistaken("'" + state.output + "' and '" + spec.name + "' differ in type");
      }
      SW_TRY(auto initial, first_state(state, spec, plan_.by_row));
      plan_.feeds.push_back({Feed::Kind::state, plan_.states.size()});
      plan_.states.push_back({state.input, state.output, std::move(initial)});
      return {};
    }
    for (const auto& control : plan_.spec->controls) {
      if (control.input != spec.name) continue;
      SW_CHECK_OK(check_type(control.type, spec));
      SW_TRY(auto off, constant(spec, control.off));
      SW_TRY(auto on, constant(spec, control.on));
      plan_.feeds.push_back({Feed::Kind::control, plan_.controls.size()});
      plan_.controls.push_back({control.kind, spec, std::move(off), std::move(on)});
      return {};
    }
    plan_.feeds.push_back({Feed::Kind::given, plan_.shown.inputs.size()});
    plan_.shown.inputs.push_back(spec);
    return {};
  }

  SequencePlan& plan_;
  const Signature& model_;
};

}  // namespace

Result<SequencePlan> SequencePlan::of(std::shared_ptr<const SequenceSpec> spec,
                                      const Signature& model) {
  SequencePlan out;
  out.spec = std::move(spec);
  out.shown = model;
  out.shown.inputs.clear();
  out.shown.bodies = false;
  out.shown.only_bodies = false;
  out.shown.streams = false;
  SW_CHECK_OK(Planner(out, model).plan());
  return out;
}

}  // namespace slipway::serving
