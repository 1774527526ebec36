// SPDX-License-Identifier: Apache-2.0
#include "examples.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <variant>

#include "base/protobuf.h"
#include "base/text.h"
#include "json/reader.h"
#include "serving/tensor_json.h"

namespace slipway::wire::tfserving {
namespace {

using json::Reader;
using serving::DType;
using serving::FrameBuilder;
using serving::FrameLayout;
using serving::Tensor;
using serving::Tensors;

constexpr std::size_t kMaxFeatures = 100'000;

// A feature has one value: the models that take examples take tables.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;
using Example = std::vector<std::pair<std::string, Value>>;

Result<void> put(FrameBuilder& frame, std::size_t at, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return frame.put(at, *flag);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return frame.put(at, *integer);
  if (const auto* real = std::get_if<double>(&value)) return frame.put(at, *real);
  if (const auto* text = std::get_if<std::string>(&value)) return frame.put_text(at, *text);
  return frame.put_null(at);
}

// What all examples have in common comes behind their own features.
class Table {
 public:
  explicit Table(const FrameLayout& layout) : layout_(layout), frame_(layout) {}

  Result<void> add(const Example& example, const Example& context) {
    if (!layout_.is_table() || !layout_.has_names()) {
      return invalid("the model takes no named features", "use :predict");
    }
    if (!frame_.has_columns()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : example) names.push_back(name);
      for (const auto& [name, value] : context) names.push_back(name);
      SW_CHECK_OK(frame_.set_columns(names));
    }
    frame_.begin_row();
    std::size_t hint = 0;
    for (const auto* part : {&example, &context}) {
      for (const auto& [name, value] : *part) {
        const auto at = frame_.position_of(name, hint++);
        if (!at) return invalid("unknown feature '" + name.substr(0, 100) + "'");
        SW_CHECK_OK(put(frame_, *at, value));
      }
    }
    return frame_.end_row();
  }

  Result<Tensors> finish() { return frame_.finish(); }

 private:
  const FrameLayout& layout_;
  FrameBuilder frame_;
};

Result<Value> read_value(Reader& in, const std::string& name) {
  switch (in.peek()) {
    case Reader::Kind::number: {
      Reader::Number number;
      if (!in.read(number)) return in.error();
      return number.is_integer ? Value(number.integer) : Value(number.real);
    }
    case Reader::Kind::boolean: {
      bool flag = false;
      if (!in.read(flag)) return in.error();
      return Value(flag);
    }
    case Reader::Kind::null:
      if (!in.read_null()) return in.error();
      return Value();
    case Reader::Kind::array: {  // a list of one
      Value value;
      std::size_t count = 0;
      in.begin_array();
      while (in.next_element()) {
        if (++count > 1) break;
        if (in.peek() == Reader::Kind::array) break;
        SW_TRY(value, read_value(in, name));
      }
      if (!in.ok()) return in.error();
      if (count != 1) return invalid("feature '" + name + "' has more or less than one value");
      return value;
    }
    default: {  // a text, or {"b64": ".."}
      SW_TRY(const auto text, serving::read_tensor(in, name, DType::bytes));
      if (text.count() != 1) return invalid("feature '" + name + "' has no value");
      return Value(text.texts()[0]);
    }
  }
}

Result<Example> read_example(Reader& in) {
  Example out;
  if (in.peek() != Reader::Kind::object && in.ok()) return invalid("an example is no object");
  std::string_view key;
  in.begin_object();
  while (in.next_key(key)) {
    if (out.size() == kMaxFeatures) return invalid("an example has too many features");
    std::string name(key);
    SW_TRY(auto value, read_value(in, name));
    out.emplace_back(std::move(name), std::move(value));
  }
  if (!in.ok()) return in.error();
  return out;
}

Result<Value> feature_of(ProtoReader feature, const std::string& name) {
  Value out;
  std::size_t count = 0;
  while (feature.next()) {
    auto list = feature.message();
    while (list.next()) {
      if (list.field() != 1) continue;
      if (feature.field() == 1) {
        out = std::string(list.bytes());
        ++count;
      } else if (feature.field() == 2) {
        const auto bytes = list.is_bytes() ? list.bytes() : list.fixed_bytes();
        float value = 0;
        if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
        out = static_cast<double>(value);
        count += bytes.size() / sizeof value;
      } else if (feature.field() == 3) {
        const bool well = list.each_varint([&](std::uint64_t value) {
          out = static_cast<std::int64_t>(value);
          return ++count < 2;
        });
        if (!well && count < 2) return invalid("feature '" + name + "' is malformed");
      }
    }
    if (!list.ok()) return invalid("feature '" + name + "' is malformed");
  }
  if (!feature.ok() || count != 1) {
    return invalid("feature '" + name + "' has more or less than one value");
  }
  return out;
}

// tensorflow.Example: features = 1 { feature = 1, a map }.
Result<Example> example_of(ProtoReader example) {
  Example out;
  while (example.next()) {
    if (example.field() != 1) continue;
    auto features = example.message();
    while (features.next()) {
      if (features.field() != 1) continue;
      if (out.size() == kMaxFeatures) return invalid("an example has too many features");
      std::string name;
      ProtoReader value("");
      auto entry = features.message();
      while (entry.next()) {
        if (entry.field() == 1) name = entry.bytes();
        if (entry.field() == 2) value = entry.message();
      }
      if (!entry.ok()) return invalid("an example is malformed");
      SW_TRY(auto feature, feature_of(value, name));
      out.emplace_back(std::move(name), std::move(feature));
    }
    if (!features.ok()) return invalid("an example is malformed");
  }
  if (!example.ok()) return invalid("an example is malformed");
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

}  // namespace

Result<Examples> parse_examples(std::string_view body, const FrameLayout& layout) {
  Reader in(body);
  if (in.peek() != Reader::Kind::object && in.ok()) {
    return invalid("the body is not a JSON object", R"(send {"examples": [{..}, ..]})");
  }
  Examples out;
  Example context;
  std::optional<Reader> examples;
  std::string_view key;
  in.begin_object();
  while (in.next_key(key)) {
    if (key == "signature_name" && in.peek() == Reader::Kind::string) {
      std::string_view text;
      if (in.read(text)) out.signature = text;
    } else if (key == "context") {
      SW_TRY(context, read_example(in));
    } else {
      if (key == "examples") examples = in;
      in.skip();
    }
  }
  if (!in.finish()) return in.error();
  if (!examples) return invalid("'examples' is missing");
  if (examples->peek() != Reader::Kind::array) return invalid("'examples' is not an array");
  Table table(layout);
  examples->begin_array();
  while (examples->next_element()) {
    SW_TRY(const auto example, read_example(*examples));
    SW_CHECK_OK(table.add(example, context));
  }
  SW_TRY(out.inputs, table.finish());
  return out;
}

Result<Tensors> parse_input(std::string_view message, const FrameLayout& layout) {
  std::vector<ProtoReader> examples;
  Example context;
  ProtoReader input(message);
  while (input.next()) {
    if (input.field() != 1 && input.field() != 2) continue;
    auto list = input.message();
    while (list.next()) {
      if (list.field() == 1) examples.push_back(list.message());
      if (list.field() == 2 && input.field() == 2) {
        SW_TRY(context, example_of(list.message()));
      }
    }
    if (!list.ok()) return invalid("the input is malformed");
  }
  if (!input.ok()) return invalid("the input is malformed");
  Table table(layout);
  for (const auto& one : examples) {
    SW_TRY(const auto example, example_of(one));
    SW_CHECK_OK(table.add(example, context));
  }
  return table.finish();
}

Result<std::vector<std::vector<Class>>> classes_of(const Tensors& outputs) {
  const Tensor* scores = nullptr;
  const Tensor* labels = nullptr;
  for (const auto& tensor : outputs) {
    if (tensor.shape().empty() || tensor.shape().size() > 2) continue;
    if (serving::is_float(tensor.dtype())) {
      if (scores == nullptr || tensor.row_size() > scores->row_size()) scores = &tensor;
    } else if (labels == nullptr) {
      labels = &tensor;
    }
  }
  if (scores == nullptr) return invalid("the model has no output of scores", "use :predict");
  const bool labelled = labels != nullptr && labels->shape() == scores->shape();
  std::vector<std::vector<Class>> out(static_cast<std::size_t>(scores->rows()));
  const auto width = scores->row_size();
  for (std::size_t row = 0; row < out.size(); ++row) {
    for (std::size_t i = 0; i < width; ++i) {
      const auto at = row * width + i;
      Class one{.score = scores->number_at(at)};
      if (scores->labels != nullptr && i < scores->labels->size()) {
        one.label = (*scores->labels)[i];
      } else if (labelled && labels->dtype() == DType::bytes) {
        one.label = labels->texts()[at];
      } else if (labelled) {
        one.label = std::to_string(static_cast<std::int64_t>(labels->number_at(at)));
      } else {
        one.label = std::to_string(i);
      }
      out[row].push_back(std::move(one));
    }
  }
  return out;
}

Result<std::vector<double>> values_of(const Tensors& outputs) {
  for (const auto& tensor : outputs) {
    if (tensor.dtype() == DType::bytes || tensor.shape().empty() || tensor.row_size() != 1) {
      continue;
    }
    std::vector<double> out(tensor.count());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = tensor.number_at(i);
    return out;
  }
  return invalid("the model has no output of one number a row", "use :predict");
}

}  // namespace slipway::wire::tfserving
