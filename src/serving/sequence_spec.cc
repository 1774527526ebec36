// SPDX-License-Identifier: Apache-2.0
// Reads how a version keeps sequences.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "pbtxt.h"
#include "serving/sequence.h"
#include "yaml/yaml.h"

namespace slipway::serving {
namespace {

namespace fs = std::filesystem;
using yaml::Node;
using Kind = Node::Kind;
using Control = SequenceControl;

constexpr std::size_t kMaxFile = 1 << 20;
constexpr std::size_t kMaxNames = 256;  // controls, states
constexpr std::int64_t kMaxSequences = 100'000;
constexpr std::int64_t kMaxIdleUs = 86'400'000'000;

struct Kinds {
  const char* word;
  Control::Kind kind;
};
constexpr std::array<Kinds, 4> kKinds{{{"CONTROL_SEQUENCE_START", Control::Kind::start},
                                       {"CONTROL_SEQUENCE_END", Control::Kind::end},
                                       {"CONTROL_SEQUENCE_READY", Control::Kind::ready},
                                       {"CONTROL_SEQUENCE_CORRID", Control::Kind::id}}};

class Reader {
 public:
  Reader(const std::string& name, SequenceSpec& out) : name_(name), out_(out) {}

  Result<void> read(const Node& batching, std::int64_t max_batch_size) {
    if (batching.kind != Kind::map) return bad(batching, "sequence_batching must be a message");
    SW_CHECK_OK(yaml::only(batching,
                           {"direct", "oldest", "max_sequence_idle_microseconds", "control_input",
                            "state", "iterative_sequence", "generative_sequence"},
                           name_, "sequence_batching"));
    if (batching.find("direct") != nullptr && batching.find("oldest") != nullptr) {
      return bad(batching, "sequence_batching has both direct and oldest");
    }
    if (const auto* idle = batching.find("max_sequence_idle_microseconds")) {
      SW_TRY(out_.idle_us, integer(*idle, "max_sequence_idle_microseconds", kMaxIdleUs));
      if (out_.idle_us == 0) out_.idle_us = SequenceSpec().idle_us;
    }
    if (max_batch_size > 0) out_.most = static_cast<std::size_t>(max_batch_size);
    if (const auto* oldest = batching.find("oldest")) SW_CHECK_OK(read_oldest(*oldest));
    for (const auto* input : all(batching, "control_input")) SW_CHECK_OK(read_control(*input));
    for (const auto* state : all(batching, "state")) SW_CHECK_OK(read_state(*state));
    return {};
  }

 private:
  Error bad(const Node& at, const std::string& what) const {
    return yaml::error_at(name_, at.line, what);
  }

  // Of a field that may be there once, many times, or as a list.
  static std::vector<const Node*> all(const Node& map, const char* key) {
    const auto* node = map.find(key);
    std::vector<const Node*> out;
    if (node == nullptr) return out;
    if (node->kind != Kind::list) return {node};
    for (const auto& item : node->items) out.push_back(item.get());
    return out;
  }

  Result<std::int64_t> integer(const Node& node, const std::string& what, std::int64_t most) const {
    const auto value = node.is_scalar() ? parse_int(node.text) : std::nullopt;
    if (!value || *value < 0 || *value > most) {
      return bad(node, what + " must be a number from 0 to " + std::to_string(most));
    }
    return *value;
  }

  Result<std::string> text(const Node& map, const char* key, const char* what) const {
    const auto* node = map.kind == Kind::map ? map.find(key) : nullptr;
    if (node == nullptr || !node->is_scalar() || node->text.empty()) {
      return bad(map, std::string(what) + " needs a " + key);
    }
    return node->text;
  }

  Result<std::optional<DType>> type(const Node& map) const {
    const auto* node = map.find("data_type");
    if (node == nullptr) return std::optional<DType>();
    std::string_view word = node->text;
    if (word.starts_with("TYPE_")) word.remove_prefix(5);
    const auto known = word == "STRING" ? DType::bytes : parse_dtype(word);
    if (!known) return bad(*node, "data_type '" + node->text.substr(0, 40) + "' is unknown");
    return known;
  }

  Result<void> read_oldest(const Node& oldest) {
    out_.oldest = true;
    const auto* most = oldest.kind == Kind::map ? oldest.find("max_candidate_sequences") : nullptr;
    if (most == nullptr) return {};
    SW_TRY(const auto value, integer(*most, "max_candidate_sequences", kMaxSequences));
    if (value > 0) out_.most = static_cast<std::size_t>(value);
    return {};
  }

  Result<void> read_control(const Node& input) {
    SW_TRY(const auto name, text(input, "name", "control_input"));
    for (const auto* control : all(input, "control")) {
      if (out_.controls.size() == kMaxNames) return bad(input, "too many controls");
      SW_TRY(const auto word, text(*control, "kind", "control"));
      const auto known = std::find_if(kKinds.begin(), kKinds.end(),
                                      [&](const Kinds& each) { return word == each.word; });
      if (known == kKinds.end()) {
        return bad(*control, "the control '" + word.substr(0, 60) + "' is unknown");
      }
      Control one{.kind = known->kind, .input = name};
      SW_TRY(one.type, type(*control));
      SW_CHECK_OK(read_values(*control, one));
      out_.controls.push_back(std::move(one));
    }
    return {};
  }

  // int32_false_true: [0, 1] and the like.
  Result<void> read_values(const Node& control, Control& out) {
    constexpr std::array<std::pair<const char*, DType>, 3> kValues{
        {{"int32_false_true", DType::int32},
         {"fp32_false_true", DType::fp32},
         {"bool_false_true", DType::boolean}}};
    for (const auto& [key, dtype] : kValues) {
      const auto values = all(control, key);
      if (values.empty()) continue;
      if (values.size() != 2) return bad(control, std::string(key) + " needs two values");
      const auto number = [](const Node& node) -> std::optional<double> {
        if (node.text == "true") return 1.0;
        if (node.text == "false") return 0.0;
        return parse_double(node.text);
      };
      const auto off = number(*values[0]);
      const auto on = number(*values[1]);
      if (!off || !on) return bad(control, std::string(key) + " needs two numbers");
      out.off = *off;
      out.on = *on;
      out.type = dtype;
    }
    return {};
  }

  Result<void> read_state(const Node& node) {
    if (out_.states.size() == kMaxNames) return bad(node, "too many states");
    SequenceState state;
    SW_TRY(state.input, text(node, "input_name", "state"));
    SW_TRY(state.output, text(node, "output_name", "state"));
    SW_TRY(state.type, type(node));
    const auto initial = all(node, "initial_state");
    if (initial.size() > 1) return bad(node, "initial_state: at most one is taken");
    if (!initial.empty()) {
      const auto& first = *initial.front();
      if (first.kind != Kind::map) return bad(first, "initial_state must be a message");
      if (first.find("dims") != nullptr) {
        Shape shape;
        for (const auto* dim : all(first, "dims")) {
          SW_TRY(const auto n, integer(*dim, "dims of initial_state", 1 << 30));
          shape.push_back(n);
        }
        state.initial = std::move(shape);
      }
      if (first.find("data_file") != nullptr) {
        SW_TRY(state.file, text(first, "data_file", "initial_state"));
        if (fs::path(state.file).filename() != state.file) {
          return bad(first, "data_file is the name of a file in the folder initial_state");
        }
      }
    }
    out_.states.push_back(std::move(state));
    return {};
  }

  const std::string& name_;
  SequenceSpec& out_;
};

std::vector<std::string> output_names(const Node& config) {
  std::vector<std::string> out;
  const auto* outputs = config.find("output");
  if (outputs == nullptr) return out;
  const auto add = [&](const Node& node) {
    const auto* name = node.kind == Kind::map ? node.find("name") : nullptr;
    if (name != nullptr) out.push_back(name->text);
  };
  if (outputs->kind != Kind::list) add(*outputs);
  for (const auto& item : outputs->items) add(*item);
  return out;
}

using Spec = std::shared_ptr<const SequenceSpec>;

Result<Spec> read_config(const Node& config, const std::string& name, const std::string& folder) {
  const auto* batching = config.kind == Kind::map ? config.find("sequence_batching") : nullptr;
  if (batching == nullptr) return Spec();
  auto out = std::make_shared<SequenceSpec>();
  std::int64_t rows = 0;
  if (const auto* most = config.find("max_batch_size")) rows = parse_int(most->text).value_or(0);
  SW_CHECK_OK(Reader(name, *out).read(*batching, rows));
  out->shown = output_names(config);
  for (auto& state : out->states) {
    if (!state.file.empty()) {
      state.file = (fs::path(folder) / "initial_state" / state.file).string();
    }
  }
  return Spec(std::move(out));
}

}  // namespace

Result<Spec> read_sequences(const std::string& folder) {
  std::error_code failed;
  const auto config = fs::path(folder) / "config.pbtxt";
  if (fs::is_regular_file(config, failed)) {
    SW_TRY(const auto text, blob::read_file(config.string(), kMaxFile));
    SW_TRY(const auto tree, parse_pbtxt(text, "config.pbtxt"));
    SW_TRY(auto spec, read_config(*tree, "config.pbtxt", folder));
    if (spec != nullptr) return spec;
  }
  const auto facts = fs::path(folder) / "MLmodel";
  if (!fs::is_regular_file(facts, failed)) return Spec();
  SW_TRY(const auto text, blob::read_file(facts.string(), kMaxFile));
  // Most models keep no sequences, and whatever else is in the file is others' business.
  if (text.find("sequence_batching") == std::string::npos) return Spec();
  SW_TRY(const auto tree, yaml::parse(text, "MLmodel"));
  const auto* metadata = tree->kind == Kind::map ? tree->find("metadata") : nullptr;
  if (metadata == nullptr) return Spec();
  return read_config(*metadata, "MLmodel", folder);
}

}  // namespace slipway::serving
