// SPDX-License-Identifier: Apache-2.0
#include "batch_rows.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "json/value.h"
#include "serving/tensor_json.h"

namespace slipway::app {
namespace {

using drivers::duckdb::Type;
using serving::Tensor;
using serving::Tensors;

Result<void> put(serving::FrameBuilder& frame, std::size_t position, const Field& field,
                 const Piece& piece, std::size_t row) {
  if (piece.missing[row]) return frame.put_null(position);
  if (field.is_text()) return frame.put_text(position, piece.texts[row]);
  const double number = piece.numbers[row];
  if (field.type == Type::boolean) return frame.put(position, number != 0);
  if (field.type == Type::integer && std::abs(number) < 9e15) {
    return frame.put(position, static_cast<std::int64_t>(number));
  }
  return frame.put(position, number);
}

Result<Tensors> tensors_of(const serving::Target& target, const std::vector<Field>& fields,
                           const std::vector<const Piece*>& columns, std::size_t rows) {
  serving::FrameBuilder frame(target.layout());
  if (target.layout().has_names()) {
    std::vector<std::string> names;
    for (const auto& field : fields) names.push_back(field.name);
    SW_CHECK_OK(frame.set_columns(names));
  } else {
    SW_CHECK_OK(frame.set_width(fields.size()));
  }
  for (std::size_t row = 0; row < rows; ++row) {
    frame.begin_row();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      SW_CHECK_OK(put(frame, i, fields[i], *columns[i], row));
    }
    SW_CHECK_OK(frame.end_row());
  }
  return frame.finish();
}

// For models that read their tables themselves.
std::string body_of(const std::vector<Field>& fields, const std::vector<const Piece*>& columns,
                    std::size_t rows) {
  std::string out = "{\"dataframe_split\":{\"columns\":[";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, fields[i].name);
  }
  out += "],\"data\":[";
  for (std::size_t row = 0; row < rows; ++row) {
    out += row == 0 ? "[" : ",[";
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i != 0) out += ',';
      out += json_of(fields[i], *columns[i], row);
    }
    out += ']';
  }
  return out + "]}}";
}

Error wrong_count(const std::string& name, std::size_t rows) {
  return Error{
      Code::failed_precondition,
      "the model did not answer one '" + name + "' for each of " + std::to_string(rows) + " rows",
      "batch predictions need a model that answers every row by itself"};
}

std::string type_of(serving::DType type) {
  if (type == serving::DType::boolean) return "BOOLEAN";
  if (type == serving::DType::bytes) return "VARCHAR";
  if (type == serving::DType::uint64) return "UBIGINT";
  return serving::is_float(type) ? "DOUBLE" : "BIGINT";
}

// Of JSON texts that need not be alike.
std::string type_of(const std::vector<std::string>& cells) {
  std::string out;
  for (const auto& cell : cells) {
    if (cell == "null") continue;
    const char c = cell.front();
    const std::string type = c == '"'               ? "VARCHAR"
                             : c == 't' || c == 'f' ? "BOOLEAN"
                             : c == '[' || c == '{' ? "JSON"
                                                    : "DOUBLE";
    if (!out.empty() && out != type) return "JSON";
    out = type;
  }
  return out.empty() ? "JSON" : out;
}

Result<AnswerColumns> columns_of(const Tensors& outputs, std::size_t rows) {
  AnswerColumns out;
  for (const auto& tensor : outputs) {
    if (tensor.shape().empty() || static_cast<std::size_t>(tensor.rows()) != rows) {
      return wrong_count(tensor.name, rows);
    }
    const auto width = tensor.row_size();
    const std::string name = tensor.name == "predictions" ? "prediction" : tensor.name;
    for (std::size_t i = 0; i < width; ++i) {
      const bool labelled = tensor.labels != nullptr && i < tensor.labels->size();
      out.names.push_back(
          width == 1 ? name : name + "_" + (labelled ? (*tensor.labels)[i] : std::to_string(i)));
      out.types.push_back(type_of(tensor.dtype()));
      auto& cells = out.cells.emplace_back(rows);
      for (std::size_t row = 0; row < rows; ++row) {
        serving::append_element(cells[row], tensor, row * width + i);
      }
    }
  }
  return out;
}

Result<AnswerColumns> columns_of_body(const std::string& text, std::size_t rows) {
  SW_TRY(const auto whole, json::parse_value(text));
  const auto* list = json::find(whole, "predictions");
  if (list == nullptr || !list->is_array() || list->get_array().size() != rows) {
    return wrong_count("prediction", rows);
  }
  AnswerColumns out{.names = {"prediction"}};
  auto& cells = out.cells.emplace_back();
  for (const auto& each : list->get_array()) cells.push_back(json::dump_value(each));
  out.types = {type_of(cells)};
  return out;
}

// A JSON text as a cell of CSV: strings bare and quoted where they must be, null as nothing.
void append_cell(std::string& out, const std::string& json) {
  if (json == "null") return;
  std::string text = json;
  if (json.starts_with('"')) {
    const auto value = json::parse_value(json);
    if (value && value->is_string()) text = std::string(value->get_string());
    if (text.empty()) {
      out += "\"\"";
      return;
    }
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  out += '"';
}

}  // namespace

std::string json_of(const Field& field, const Piece& piece, std::size_t row) {
  if (piece.missing[row]) return "null";
  std::string out;
  if (field.is_text()) {
    append_json_string(out, piece.texts[row]);
    return out;
  }
  const double number = piece.numbers[row];
  if (field.type == Type::boolean) return number != 0 ? "true" : "false";
  if (field.type == Type::time) {
    append_json_string(out, to_rfc3339({static_cast<std::int64_t>(number)}));
    return out;
  }
  if (field.type == Type::integer && std::abs(number) < 9e15) {
    return std::to_string(static_cast<std::int64_t>(number));
  }
  return std::isfinite(number) ? number_text(number) : "null";
}

Result<std::vector<std::string>> wanted_columns(const serving::Target& target,
                                                const drivers::duckdb::Table& table,
                                                const std::string& key) {
  std::vector<std::string> out;
  const auto& layout = target.layout();
  const bool bodies = target.signature().only_bodies;
  if (!bodies && !layout.is_table()) {
    return Error{Code::failed_precondition, "the model does not take tables",
                 "batch predictions need a model of columns"};
  }
  if (!bodies && layout.has_names()) {
    for (const auto& slot : layout.slots()) {
      if (table.find(slot.name) == nullptr) {
        return invalid("the input has no column '" + slot.name + "', which the model needs");
      }
      out.push_back(slot.name);
    }
    return out;
  }
  for (const auto& field : table.fields()) {
    if (field.name != key) out.push_back(field.name);
  }
  return out;
}

Result<AnswerColumns> answer_rows(const serving::Target& target, const std::vector<Field>& fields,
                                  const std::vector<const Piece*>& columns, std::size_t rows) {
  serving::Call call;
  if (target.signature().only_bodies) {
    call.inputs = {serving::Target::body("application/json", body_of(fields, columns, rows))};
  } else {
    SW_TRY(call.inputs, tensors_of(target, fields, columns, rows));
  }
  SW_TRY(const auto outputs, target.infer_and_wait(std::move(call)));
  if (outputs.front().name == serving::kBody) {
    return columns_of_body(outputs.front().texts()[0], rows);
  }
  return columns_of(outputs, rows);
}

Result<std::unique_ptr<RowWriter>> RowWriter::open(const std::string& path, Form form,
                                                   std::int64_t from) {
  std::unique_ptr<RowWriter> out(new RowWriter(form));
  out->file_ = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (out->file_ < 0 || ::ftruncate(out->file_, from) != 0 ||
      ::lseek(out->file_, from, SEEK_SET) != from) {
    return invalid("cannot write '" + path + "': " + std::strerror(errno));
  }
  out->at_ = from;
  return out;
}

RowWriter::~RowWriter() {
  if (file_ >= 0) ::close(file_);
}

Result<void> RowWriter::head(const std::vector<std::string>& names) {
  if (form_ != Form::csv) return {};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) buffer_ += ',';
    std::string quoted;
    append_json_string(quoted, names[i]);
    append_cell(buffer_, quoted);
  }
  buffer_ += '\n';
  return {};
}

void RowWriter::row(const std::vector<std::string>& names,
                    const std::vector<const std::string*>& cells) {
  if (form_ == Form::lines) buffer_ += '{';
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) buffer_ += ',';
    if (form_ == Form::csv) {
      append_cell(buffer_, *cells[i]);
    } else {
      append_json_string(buffer_, names[i]);
      buffer_ += ':';
      buffer_ += *cells[i];
    }
  }
  buffer_ += form_ == Form::lines ? "}\n" : "\n";
}

Result<std::int64_t> RowWriter::flush() {
  for (std::size_t at = 0; at < buffer_.size();) {
    const auto wrote = ::write(file_, buffer_.data() + at, buffer_.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0)
      return exhausted("cannot write the output: " + std::string(std::strerror(errno)));
    at += static_cast<std::size_t>(wrote);
  }
  at_ += static_cast<std::int64_t>(buffer_.size());
  buffer_.clear();
  if (::fdatasync(file_) != 0) return exhausted("cannot write the output to disk");
  return at_;
}

}  // namespace slipway::app
