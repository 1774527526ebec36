// SPDX-License-Identifier: Apache-2.0
#include "payload.h"

#include <optional>
#include <string>
#include <utility>

#include "json/reader.h"
#include "serving/tensor_json.h"

namespace slipway::wire::scoring {
namespace {

using json::Reader;
using serving::FrameBuilder;
using serving::FrameLayout;
using serving::Tensor;

constexpr const char* kForms =
    "send exactly one of dataframe_split, dataframe_records, instances, inputs";

class Parser {
 public:
  Parser(std::string_view body, const FrameLayout& layout, bool has_columns)
      : in_(body), layout_(layout), has_columns_(has_columns) {}

  Result<Payload> parse() {
    if (in_.peek() != Reader::Kind::object && in_.ok()) {
      return invalid("the body is not a JSON object", kForms);
    }
    std::string_view key;
    std::optional<Payload> out;
    bool params = false;
    in_.begin_object();
    while (in_.next_key(key)) {
      // `params` is MLflow's, `parameters` Vertex AI's: graphs and trees take none.
      if (key == "params" || key == "parameters") {
        params = true;
        in_.skip();
        continue;
      }
      if (out) return invalid("'" + std::string(key) + "' beside another form of data", kForms);
      SW_TRY(out, form(std::string(key)));
    }
    if (!in_.finish()) return in_.error();
    if (!out) return invalid("the body has no data", kForms);
    out->params = params;
    return *std::move(out);
  }

 private:
  Result<Payload> form(const std::string& key) {
    if (key == "dataframe_split") return split();
    if (key == "dataframe_records") return records(key);
    if (key == "inputs") return inputs(key);
    if (key == "instances") {
      Reader ahead = in_;
      if (ahead.begin_array() && ahead.next_element() && ahead.peek() == Reader::Kind::object) {
        return instances_of_objects();
      }
      return inputs(key);
    }
    return invalid("unknown field '" + key.substr(0, 100) + "'", kForms);
  }

  // An error of the text itself wins over one of its meaning.
  Error bad(std::string message) const {
    return in_.ok() ? invalid(std::move(message)) : in_.error();
  }

  Result<void> check() const {
    if (!in_.ok()) return in_.error();
    return {};
  }

  Result<void> needs_table(const std::string& form) const {
    if (layout_.is_table()) return {};
    return invalid("the model does not take a table, '" + form + "' is one",
                   "send its tensors by name: {\"inputs\": {NAME: [..]}}");
  }

  Result<void> put(FrameBuilder& frame, std::size_t position) {
    switch (in_.peek()) {
      case Reader::Kind::number: {
        Reader::Number number;
        if (!in_.read(number)) return in_.error();
        if (number.is_integer) return frame.put(position, number.integer);
        return frame.put(position, number.real);
      }
      case Reader::Kind::string: {
        std::string_view text;
        if (!in_.read(text)) return in_.error();
        return frame.put_text(position, text);
      }
      case Reader::Kind::boolean: {
        bool flag = false;
        if (!in_.read(flag)) return in_.error();
        return frame.put(position, flag);
      }
      case Reader::Kind::null:
        if (!in_.read_null()) return in_.error();
        return frame.put_null(position);
      case Reader::Kind::array:
        return invalid("a cell of the table is an array", "send tensors by name as 'inputs'");
      case Reader::Kind::object:
        return invalid("a cell of the table is an object");
      case Reader::Kind::nothing:
        break;
    }
    in_.fail("expected a value (NaN and Infinity are not JSON)");
    return in_.error();
  }

  // [[..], ..] under columns that are known or, without names, counted.
  Result<void> rows(FrameBuilder& frame) {
    if (!in_.begin_array()) return in_.error();
    while (in_.next_element()) {
      if (in_.peek() != Reader::Kind::array) return bad("a row of 'data' is not an array");
      if (!frame.has_columns()) SW_CHECK_OK(frame.set_width(count_elements()));
      if (!in_.begin_array()) return in_.error();
      frame.begin_row();
      std::size_t position = 0;
      while (in_.next_element()) SW_CHECK_OK(put(frame, position++));
      SW_CHECK_OK(check());
      SW_CHECK_OK(frame.end_row());
    }
    return check();
  }

  std::size_t count_elements() const {
    Reader ahead = in_;
    std::size_t count = 0;
    if (!ahead.begin_array()) return 0;
    while (ahead.next_element()) {
      if (!ahead.skip()) break;
      ++count;
    }
    return count;
  }

  Result<Payload> split() {
    SW_CHECK_OK(needs_table("dataframe_split"));
    if (in_.peek() != Reader::Kind::object) return bad("'dataframe_split' is not an object");
    FrameBuilder frame(layout_);
    std::optional<Reader> data;
    bool read = false;
    std::string_view key;
    if (!in_.begin_object()) return in_.error();
    while (in_.next_key(key)) {
      if (key == "columns") {
        SW_CHECK_OK(columns(frame));
      } else if (key == "data") {
        if (data || read) return invalid("'data' is given twice");
        if (frame.has_columns()) {
          SW_CHECK_OK(rows(frame));
          read = true;
        } else {
          data = in_;
          in_.skip();
        }
      } else if (key == "index") {
        in_.skip();
      } else {
        return invalid(
            "'dataframe_split' has the unknown field '" + std::string(key.substr(0, 100)) + "'",
            "it takes columns, index and data");
      }
    }
    SW_CHECK_OK(check());
    if (!data && !read) return invalid("'dataframe_split' has no 'data'");
    if (data) {
      std::swap(in_, *data);
      auto done = rows(frame);
      std::swap(in_, *data);
      SW_CHECK_OK(done);
    }
    return table(frame);
  }

  Result<void> columns(FrameBuilder& frame) {
    if (frame.has_columns()) return invalid("'columns' is given twice");
    if (in_.peek() != Reader::Kind::array) return bad("'columns' is not an array of names");
    std::vector<std::string> names;
    if (!in_.begin_array()) return in_.error();
    while (in_.next_element()) {
      if (in_.peek() == Reader::Kind::number) {  // pandas numbers unnamed columns
        Reader::Number number;
        if (!in_.read(number)) return in_.error();
        names.push_back(std::to_string(number.integer));
        continue;
      }
      std::string_view name;
      if (in_.peek() != Reader::Kind::string) return bad("'columns' is not an array of names");
      if (!in_.read(name)) return in_.error();
      names.emplace_back(name);
    }
    SW_CHECK_OK(check());
    return frame.set_columns(names);
  }

  Result<Payload> table(FrameBuilder& frame) {
    SW_TRY(auto tensors, frame.finish());
    return Payload{std::move(tensors), true};
  }

  // [{column: value, ..}, ..]
  Result<Payload> records(const std::string& form) {
    SW_CHECK_OK(needs_table(form));
    if (in_.peek() != Reader::Kind::array) return bad("'" + form + "' is not an array of records");
    FrameBuilder frame(layout_);
    if (!in_.begin_array()) return in_.error();
    while (in_.next_element()) {
      if (in_.peek() != Reader::Kind::object) return bad("a record is not an object");
      if (!frame.has_columns()) SW_CHECK_OK(columns_of_record(frame));
      if (!in_.begin_object()) return in_.error();
      frame.begin_row();
      std::string_view key;
      std::size_t hint = 0;
      while (in_.next_key(key)) {
        const auto position = frame.position_of(key, hint++);
        if (!position) {
          return invalid("unknown column '" + std::string(key.substr(0, 40)) + "' in row " +
                         std::to_string(frame.rows() - 1));
        }
        SW_CHECK_OK(put(frame, *position));
      }
      SW_CHECK_OK(check());
      SW_CHECK_OK(frame.end_row());
    }
    SW_CHECK_OK(check());
    return table(frame);
  }

  Result<void> columns_of_record(FrameBuilder& frame) const {
    Reader ahead = in_;
    std::vector<std::string> names;
    std::string_view key;
    ahead.begin_object();
    while (ahead.next_key(key)) {
      names.emplace_back(key);
      ahead.skip();
    }
    if (!ahead.ok()) return ahead.error();
    return frame.set_columns(names);
  }

  // Records, but to a model without named columns one array a tensor is the answer.
  Result<Payload> instances_of_objects() {
    SW_TRY(auto out, records("instances"));
    out.table = has_columns_;
    return out;
  }

  Result<Payload> inputs(const std::string& form) {
    if (in_.peek() == Reader::Kind::object) return inputs_by_name();
    if (in_.peek() != Reader::Kind::array) return bad("'" + form + "' is not an array or object");
    if (layout_.inputs().size() != 1) {
      // Rows of all columns, in their order.
      SW_CHECK_OK(needs_table(form));
      FrameBuilder frame(layout_);
      SW_CHECK_OK(rows(frame));
      SW_TRY(auto out, table(frame));
      out.table = has_columns_;
      return out;
    }
    const auto& spec = layout_.inputs().front();
    SW_TRY(auto tensor, serving::read_tensor(in_, spec.name, spec.dtype, nullptr, true));
    return Payload{{std::move(tensor)}, has_columns_};
  }

  // {name: array}: tensors, or columns of the table.
  Result<Payload> inputs_by_name() {
    Payload out;
    out.table = has_columns_;
    std::vector<std::pair<std::string, Reader>> members;
    std::string_view key;
    if (!in_.begin_object()) return in_.error();
    while (in_.next_key(key)) {
      members.emplace_back(key, in_);
      if (members.size() > 100'000) return invalid("'inputs' has too many members");
      in_.skip();
    }
    SW_CHECK_OK(check());
    if (is_by_column(members)) return columns_by_name(members);
    for (auto& [name, data] : members) {
      const serving::TensorSpec* spec = nullptr;
      for (const auto& wanted : layout_.inputs()) {
        if (wanted.name == name) spec = &wanted;
      }
      if (spec == nullptr) return invalid("unknown input '" + name.substr(0, 100) + "'");
      SW_TRY(auto tensor, serving::read_tensor(data, name, spec->dtype, nullptr, true));
      // A plain list is a column.
      if (tensor.shape().size() == 1 && spec->shape.size() == 2 && spec->shape[1] == 1) {
        tensor = tensor.reshaped({tensor.shape()[0], 1});
      }
      out.inputs.push_back(std::move(tensor));
    }
    for (const auto& tensor : out.inputs) {  // of a table: a runtime may broadcast the shorter one
      if (layout_.is_table() && tensor.rows() != out.inputs.front().rows()) {
        return invalid("the columns differ in length");
      }
    }
    return out;
  }

  // One wide input whose columns are named, and the members are not the input itself.
  bool is_by_column(const std::vector<std::pair<std::string, Reader>>& members) const {
    return layout_.is_table() && layout_.has_names() && layout_.inputs().size() == 1 &&
           !(members.size() == 1 && members.front().first == layout_.inputs().front().name);
  }

  Result<Payload> columns_by_name(std::vector<std::pair<std::string, Reader>>& members) {
    FrameBuilder frame(layout_);
    std::vector<std::string> names;
    for (const auto& [name, data] : members) names.push_back(name);
    SW_CHECK_OK(frame.set_columns(names));
    std::vector<Reader> columns;
    for (auto& [name, data] : members) {
      if (!data.begin_array()) return invalid("column '" + name + "' is not an array");
      columns.push_back(std::move(data));
    }
    while (true) {
      std::size_t ended = 0;
      bool begun = false;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!columns[i].next_element()) {
          if (!columns[i].ok()) return columns[i].error();
          ++ended;
          continue;
        }
        if (ended != 0) return invalid("the columns differ in length");
        if (!begun) frame.begin_row();
        begun = true;
        std::swap(in_, columns[i]);
        auto done = put(frame, i);
        std::swap(in_, columns[i]);
        SW_CHECK_OK(done);
      }
      if (ended == columns.size()) break;
      if (ended != 0) return invalid("the columns differ in length");
    }
    SW_TRY(auto out, table(frame));
    out.table = has_columns_;
    return out;
  }

  Reader in_;
  const FrameLayout& layout_;
  const bool has_columns_;
};

}  // namespace

Result<Payload> parse_json(std::string_view body, const FrameLayout& layout, bool has_columns) {
  return Parser(body, layout, has_columns).parse();
}

}  // namespace slipway::wire::scoring
