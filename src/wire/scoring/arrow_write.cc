// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "arrow.h"
#include "base/text.h"
#include "flat.h"
#include "serving/tensor_json.h"

namespace slipway::wire::scoring {
namespace {

using serving::DType;
using serving::Tensor;
using serving::Tensors;

constexpr std::uint16_t kVersion = 4;  // of the metadata: V5
constexpr std::uint8_t kInt = 2;
constexpr std::uint8_t kFloat = 3;
constexpr std::uint8_t kUtf8 = 5;
constexpr std::uint8_t kBool = 6;
constexpr std::uint8_t kFixedSizeList = 16;

// Every `step`-th element from `first` on, `width` of them a row.
struct Column {
  std::string name;
  Tensor tensor;
  std::size_t first = 0;
  std::size_t width = 1;
  std::size_t step = 1;  // between rows
  bool list = false;

  std::size_t element(std::size_t row, std::size_t i) const { return first + row * step + i; }
};

Result<std::vector<Column>> columns_of(const Tensors& outputs, bool flat) {
  std::vector<Column> out;
  for (const auto& given : outputs) {
    if (given.name == serving::kBody) {
      return invalid("the model's answer is no table", "ask for application/json");
    }
    if (given.shape().empty() || given.rows() != outputs.front().rows()) {
      return invalid("the outputs have not one row for each other, so they are no table",
                     "ask for application/json");
    }
    const auto tensor =
        given.dtype() == DType::bf16 ? serving::converted(given, DType::fp32) : given;
    const auto width = tensor.row_size();
    const bool labelled = given.labels != nullptr && given.labels->size() == width;
    if (width == 1 && given.shape().size() <= 2 && !labelled) {
      out.push_back({.name = given.name, .tensor = tensor});
    } else if (flat || labelled) {
      for (std::size_t i = 0; i < width; ++i) {
        const auto name =
            labelled ? given.name + "." + (*given.labels)[i] : given.name + "_" + std::to_string(i);
        out.push_back({.name = name, .tensor = tensor, .first = i, .step = width});
      }
    } else {
      out.push_back(
          {.name = given.name, .tensor = tensor, .width = width, .step = width, .list = true});
    }
  }
  return out;
}

std::size_t rows_of(const Tensors& outputs) {
  return outputs.empty() ? 0 : static_cast<std::size_t>(outputs.front().rows());
}

std::uint8_t type_of(DType type) {
  if (type == DType::bytes) return kUtf8;
  if (type == DType::boolean) return kBool;
  return serving::is_float(type) ? kFloat : kInt;
}

bool is_signed(DType type) {
  return type == DType::int8 || type == DType::int16 || type == DType::int32 ||
         type == DType::int64;
}

std::size_t put_type(FlatWriter& out, DType type) {
  const auto bits = serving::size_of(type) * 8;
  if (type_of(type) == kInt) {
    return out
        .table({{.field = 0, .size = 4, .value = bits},
                {.field = 1, .size = 1, .value = is_signed(type) ? 1U : 0U}})
        .place;
  }
  if (type_of(type) == kFloat) {
    const std::uint64_t precision = bits == 16 ? 0 : bits == 32 ? 1 : 2;
    return out.table({{.field = 0, .size = 2, .value = precision}}).place;
  }
  return out.table({}).place;
}

// Field: name, nullable, the kind of its type, the type, its children.
std::size_t put_field(FlatWriter& out, const std::string& name, const Column& column, bool list) {
  const auto type = column.tensor.dtype();
  const auto kind = list ? kFixedSizeList : type_of(type);
  const auto field = out.table({{.field = 0},
                                {.field = 3},
                                {.field = 5},
                                {.field = 1, .size = 1, .value = 1},
                                {.field = 2, .size = 1, .value = kind}});
  out.refer(field.at(0), out.text(name));
  const auto facts = list ? out.table({{.field = 0, .size = 4, .value = column.width}}).place
                          : put_type(out, type);
  out.refer(field.at(3), facts);
  const auto children = out.references(list ? 1 : 0);
  out.refer(field.at(5), children);
  if (list) {
    const auto child = put_field(out, "item", column, false);
    out.refer(children + 4, child);
  }
  return field.place;
}

// A message's head: lengths in front, to a multiple of 8.
std::string framed(std::string meta) {
  while (meta.size() % 8 != 0) meta += '\0';
  const std::uint32_t head[2] = {0xFFFFFFFF, static_cast<std::uint32_t>(meta.size())};
  return std::string(reinterpret_cast<const char*>(head), sizeof head) + meta;
}

FlatWriter::Written put_message(FlatWriter& out, std::uint8_t kind, std::size_t body) {
  return out.table({{.field = 3, .size = 8, .value = body},
                    {.field = 2},
                    {.field = 0, .size = 2, .value = kVersion},
                    {.field = 1, .size = 1, .value = kind}});
}

std::string schema_of(const std::vector<Column>& columns) {
  FlatWriter out;
  const auto message = put_message(out, 1, 0);
  const auto schema = out.table({{.field = 1}, {.field = 0, .size = 2, .value = 0}});
  out.refer(message.at(2), schema.place);
  const auto fields = out.references(columns.size());
  out.refer(schema.at(1), fields);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto field = put_field(out, columns[i].name, columns[i], columns[i].list);
    out.refer(fields + 4 + i * 4, field);
  }
  return framed(out.finish(message.place));
}

// The bytes of a batch, and where each buffer lies.
class Body {
 public:
  explicit Body(std::size_t rows) : rows_(rows) {}

  Result<void> add(const Column& column) {
    if (column.list) {
      nodes.emplace_back(static_cast<std::int64_t>(rows_), 0);
      buffers.emplace_back(static_cast<std::int64_t>(bytes.size()), 0);
    }
    nodes.emplace_back(static_cast<std::int64_t>(rows_ * column.width), 0);
    buffers.emplace_back(static_cast<std::int64_t>(bytes.size()), 0);  // all are valid
    const auto type = column.tensor.dtype();
    if (type == DType::bytes) return texts(column);
    const auto from = bytes.size();
    if (type == DType::boolean) {
      bits(column);
    } else {
      values(column, serving::size_of(type));
    }
    close(from);
    return {};
  }

  std::string bytes;
  std::vector<std::pair<std::int64_t, std::int64_t>> nodes;
  std::vector<std::pair<std::int64_t, std::int64_t>> buffers;

 private:
  void close(std::size_t from) {
    buffers.emplace_back(static_cast<std::int64_t>(from),
                         static_cast<std::int64_t>(bytes.size() - from));
    while (bytes.size() % 8 != 0) bytes += '\0';
  }

  void values(const Column& column, std::size_t size) {
    const auto* data = static_cast<const char*>(column.tensor.data());
    if (column.first == 0 && column.step == column.width) {
      bytes.append(data, rows_ * column.width * size);
      return;
    }
    for (std::size_t row = 0; row < rows_; ++row) {
      bytes.append(data + column.element(row, 0) * size, column.width * size);
    }
  }

  void bits(const Column& column) {
    const auto flags = column.tensor.values<std::uint8_t>();
    std::size_t at = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t i = 0; i < column.width; ++i, ++at) {
        if (at % 8 == 0) bytes += '\0';
        if (flags[column.element(row, i)] != 0) {
          bytes.back() = static_cast<char>(bytes.back() | (1 << (at % 8)));
        }
      }
    }
  }

  Result<void> texts(const Column& column) {
    const auto all = column.tensor.texts();
    std::vector<std::int32_t> offsets{0};
    std::string data;
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t i = 0; i < column.width; ++i) {
        const auto& text = all[column.element(row, i)];
        if (!is_valid_utf8(text)) {
          return invalid("output '" + column.name + "' has bytes that are not UTF-8",
                         "ask for application/json");
        }
        data += text;
        if (data.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
          return exhausted("output '" + column.name + "' has more than 2 GiB of text");
        }
        offsets.push_back(static_cast<std::int32_t>(data.size()));
      }
    }
    auto from = bytes.size();
    bytes.append(reinterpret_cast<const char*>(offsets.data()), offsets.size() * 4);
    close(from);
    from = bytes.size();
    bytes += data;
    close(from);
    return {};
  }

  const std::size_t rows_;
};

std::string batch_of(const Body& body, std::size_t rows) {
  FlatWriter out;
  const auto message = put_message(out, 3, body.bytes.size());
  const auto batch =
      out.table({{.field = 0, .size = 8, .value = rows}, {.field = 1}, {.field = 2}});
  out.refer(message.at(2), batch.place);
  out.refer(batch.at(1), out.pairs(body.nodes));
  out.refer(batch.at(2), out.pairs(body.buffers));
  return framed(out.finish(message.place));
}

void append_cell(std::string& out, const Tensor& tensor, std::size_t i) {
  if (tensor.dtype() != DType::bytes) {
    std::string text;
    serving::append_element(text, tensor, i, {.widen = false});
    if (text != "null") out += text;  // NaN is an empty cell
    return;
  }
  const auto& text = tensor.texts()[i];
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

Result<std::string> write_arrow(const Tensors& outputs) {
  SW_TRY(const auto columns, columns_of(outputs, false));
  const auto rows = rows_of(outputs);
  Body body(rows);
  for (const auto& column : columns) SW_CHECK_OK(body.add(column));
  std::string out = schema_of(columns);
  out += batch_of(body, rows);
  out += body.bytes;
  out.append("\xFF\xFF\xFF\xFF\0\0\0\0", 8);
  return out;
}

Result<std::string> write_csv(const Tensors& outputs) {
  SW_TRY(const auto columns, columns_of(outputs, true));
  std::string out;
  for (const auto& column : columns) {
    if (!out.empty()) out += ',';
    append_cell(out, Tensor::of_texts("", {1}, {column.name}), 0);
  }
  out += '\n';
  for (std::size_t row = 0; row < rows_of(outputs); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out += ',';
      append_cell(out, columns[i].tensor, columns[i].element(row, 0));
    }
    out += '\n';
  }
  return out;
}

}  // namespace slipway::wire::scoring
