// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "arrow.h"
#include "base/text.h"
#include "flat.h"

namespace slipway::wire::scoring {
namespace {

constexpr std::uint32_t kContinues = 0xFFFFFFFF;
constexpr std::size_t kMostColumns = 100'000;
constexpr std::size_t kFreeCells = 16u << 20;  // beyond those a cell has at least a byte
constexpr int kSchema = 1;
constexpr int kDictionary = 2;
constexpr int kBatch = 3;

enum class Kind { null, integer, real, boolean, text };

struct Type {
  Kind kind = Kind::null;
  int bits = 0;  // of integers and reals
  bool is_signed = true;
  bool wide = false;  // texts: offsets of 64 bits
};

struct Column {
  std::string name;
  Type type;  // of what the dictionary holds, if there is one
  std::optional<std::int64_t> dictionary;
  Type index;
};

// What of a column lies where in a record batch's body.
struct Part {
  std::size_t nulls = 0;
  std::string_view valid;    // bits; empty: all are
  std::string_view data;     // values, or texts
  std::string_view offsets;  // of texts
};

Error malformed(const std::string& what) {
  return invalid("malformed Arrow stream: " + what);
}

std::string_view name_of_type(int type) {
  constexpr std::string_view kNames[] = {"none",
                                         "null",
                                         "int",
                                         "float",
                                         "binary",
                                         "utf8",
                                         "bool",
                                         "decimal",
                                         "date",
                                         "time",
                                         "timestamp",
                                         "interval",
                                         "list",
                                         "struct",
                                         "union",
                                         "fixed-size binary",
                                         "fixed-size list",
                                         "map",
                                         "duration",
                                         "large binary",
                                         "large utf8",
                                         "large list",
                                         "run-end encoded",
                                         "binary view",
                                         "utf8 view",
                                         "list view",
                                         "large list view"};
  const auto at = static_cast<std::size_t>(type);
  return type >= 0 && at < std::size(kNames) ? kNames[at] : "unknown";
}

Result<Type> type_of(int type, const std::optional<FlatTable>& facts, const std::string& column) {
  const auto refused = [&] {
    return invalid("column '" + column.substr(0, 100) + "' has the Arrow type " +
                       std::string(name_of_type(type)) + ", which is not taken",
                   "send booleans, integers, floats or texts");
  };
  switch (type) {
    case 1:
      return Type{.kind = Kind::null};
    case 2: {
      if (!facts) return malformed("an integer without its width");
      const int bits = facts->scalar<std::int32_t>(0, 0);
      if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return refused();
      return Type{
          .kind = Kind::integer, .bits = bits, .is_signed = facts->scalar<std::uint8_t>(1, 0) != 0};
    }
    case 3: {
      const int precision = facts ? facts->scalar<std::int16_t>(0, 0) : 0;
      if (precision < 0 || precision > 2) return refused();
      return Type{.kind = Kind::real, .bits = 16 << precision};
    }
    case 6:
      return Type{.kind = Kind::boolean};
    case 5:
    case 20:
      return Type{.kind = Kind::text, .wide = type == 20};
    default:
      return refused();
  }
}

class Stream {
 public:
  Stream(std::string_view bytes, const serving::FrameLayout& layout)
      : bytes_(bytes), frame_(layout), cells_left_(kFreeCells + bytes.size()) {}

  Result<serving::Tensors> run() {
    if (bytes_.starts_with("ARROW1")) bytes_.remove_prefix(std::min<std::size_t>(8, bytes_.size()));
    while (true) {
      SW_TRY(const bool more, message());
      if (!more) break;
    }
    if (columns_.empty()) return malformed("it has no schema");
    return frame_.finish();
  }

 private:
  // Aligned or not, the lengths come first; the end is a length of 0, or the end of the bytes.
  Result<bool> message() {
    if (bytes_.empty()) return false;
    FlatBytes head{bytes_};
    std::size_t skipped = 4;
    auto size = head.at<std::uint32_t>(0);
    if (size == kContinues) {
      size = head.at<std::uint32_t>(4);
      skipped = 8;
    }
    if (!head.ok) return malformed("it ends within a length");
    if (size == 0) return false;
    if (size > bytes_.size() - skipped) return malformed("it ends within a message");
    FlatBytes meta{bytes_.substr(skipped, size)};
    bytes_.remove_prefix(skipped + size);
    const auto message = FlatTable::root(meta);
    const auto body_size = message.scalar<std::int64_t>(3, 0);
    const auto kind = message.scalar<std::uint8_t>(1, 0);
    const auto header = message.table(2);
    if (!meta.ok || !header) return malformed("a message is damaged");
    if (body_size < 0 || static_cast<std::uint64_t>(body_size) > bytes_.size()) {
      return malformed("it ends within a body");
    }
    const auto body = bytes_.substr(0, static_cast<std::size_t>(body_size));
    bytes_.remove_prefix(body.size());
    if (kind == kSchema) {
      SW_CHECK_OK(schema(*header));
    } else if (kind == kDictionary) {
      SW_CHECK_OK(dictionary(*header, body));
    } else if (kind == kBatch) {
      SW_CHECK_OK(batch(*header, body));
    }
    if (!meta.ok) return malformed("a message is damaged");
    return true;
  }

  Result<void> schema(const FlatTable& header) {
    if (!columns_.empty()) return malformed("it has two schemas");
    if (header.scalar<std::int16_t>(0, 0) != 0) return invalid("the Arrow stream is big-endian");
    const auto fields = header.vector(1, 4);
    if (fields.count == 0) return malformed("it has no columns");
    if (fields.count > kMostColumns) return invalid("the Arrow stream has too many columns");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < fields.count; ++i) {
      const auto field = header.element(fields, i);
      Column column{.name = std::string(field.text(0)), .type = {}, .dictionary = {}, .index = {}};
      if (!is_valid_utf8(column.name)) return malformed("the name of a column is not UTF-8");
      SW_TRY(column.type, type_of(field.scalar<std::uint8_t>(2, 0), field.table(3), column.name));
      if (const auto encoding = field.table(4)) {
        column.dictionary = encoding->scalar<std::int64_t>(0, 0);
        column.index = {.kind = Kind::integer, .bits = 32};
        if (const auto index = encoding->table(1)) {
          SW_TRY(column.index, type_of(2, index, column.name));
        }
        if (column.type.kind != Kind::text) {
          return invalid("column '" + column.name +
                         "' is a dictionary of something else than texts");
        }
      }
      names.push_back(column.name);
      columns_.push_back(std::move(column));
    }
    return frame_.set_columns(names);
  }

  // The places of one column's values, whose buffers come next.
  Result<Part> part_of(const Type& type, std::size_t rows, std::string_view body) {
    if (node_ >= nodes_.count) return malformed("a batch has too few columns");
    Part out;
    auto& meta = *meta_;
    const auto node = nodes_.place + node_++ * 16;
    const auto length = meta.at<std::int64_t>(node);
    const auto nulls = meta.at<std::int64_t>(node + 8);
    if (length != static_cast<std::int64_t>(rows) || nulls < 0) {
      return malformed("a column has not the rows of its batch");
    }
    out.nulls = static_cast<std::size_t>(nulls);
    if (type.kind == Kind::null) return out;
    SW_TRY(out.valid, buffer(body));
    if (out.nulls > 0 && out.valid.size() * 8 < rows) return malformed("a column has too few bits");
    std::size_t wanted = 0;
    if (type.kind == Kind::text) {
      SW_TRY(out.offsets, buffer(body));
      const std::size_t width = type.wide ? 8 : 4;
      if (rows > 0 && out.offsets.size() / width < rows + 1) {
        return malformed("a column of texts has too few offsets");
      }
    } else {
      wanted = type.kind == Kind::boolean ? (rows + 7) / 8
                                          : rows * static_cast<std::size_t>(type.bits / 8);
    }
    SW_TRY(out.data, buffer(body));
    if (out.data.size() < wanted) return malformed("a column has too few values");
    return out;
  }

  Result<std::string_view> buffer(std::string_view body) {
    if (buffer_ >= buffers_.count) return malformed("a batch has too few buffers");
    const auto place = buffers_.place + buffer_++ * 16;
    const auto offset = meta_->at<std::int64_t>(place);
    const auto size = meta_->at<std::int64_t>(place + 8);
    if (offset < 0 || size < 0 || static_cast<std::uint64_t>(offset) > body.size() ||
        static_cast<std::uint64_t>(size) > body.size() - static_cast<std::size_t>(offset)) {
      return malformed("a buffer lies outside of its batch");
    }
    return body.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  }

  // Begins to read a record batch; its rows.
  Result<std::size_t> open(const FlatTable& header, FlatBytes& meta) {
    if (header.table(3)) {
      return invalid("the Arrow stream is compressed inside",
                     "write it uncompressed, or send it with Content-Encoding: gzip");
    }
    const auto rows = header.scalar<std::int64_t>(0, 0);
    nodes_ = header.vector(1, 16);
    buffers_ = header.vector(2, 16);
    node_ = buffer_ = 0;
    meta_ = &meta;
    if (rows < 0 || rows > std::numeric_limits<std::int32_t>::max()) {
      return malformed("a batch has no sensible number of rows");
    }
    return static_cast<std::size_t>(rows);
  }

  static bool is_valid(const Part& part, std::size_t row) {
    if (part.nulls == 0 || part.valid.empty()) return true;
    return (static_cast<unsigned char>(part.valid[row / 8]) >> (row % 8) & 1) != 0;
  }

  static Result<std::string_view> text_at(const Type& type, const Part& part, std::size_t row) {
    FlatBytes offsets{part.offsets};
    const auto from = type.wide ? offsets.at<std::int64_t>(row * 8)
                                : std::int64_t{offsets.at<std::int32_t>(row * 4)};
    const auto to = type.wide ? offsets.at<std::int64_t>(row * 8 + 8)
                              : std::int64_t{offsets.at<std::int32_t>(row * 4 + 4)};
    if (!offsets.ok || from < 0 || to < from || static_cast<std::uint64_t>(to) > part.data.size()) {
      return malformed("a text lies outside of its column");
    }
    const auto out =
        part.data.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
    if (!is_valid_utf8(out)) return malformed("a text is not UTF-8");
    return out;
  }

  // Unsigned ones above the largest signed number are what they are, as doubles.
  static std::pair<std::int64_t, double> integer_at(const Type& type, const Part& part,
                                                    std::size_t row) {
    FlatBytes data{part.data};
    std::int64_t out = 0;
    switch (type.bits) {
      case 8:
        out = type.is_signed ? data.at<std::int8_t>(row) : std::int64_t{data.at<std::uint8_t>(row)};
        break;
      case 16:
        out = type.is_signed ? data.at<std::int16_t>(row * 2)
                             : std::int64_t{data.at<std::uint16_t>(row * 2)};
        break;
      case 32:
        out = type.is_signed ? data.at<std::int32_t>(row * 4)
                             : std::int64_t{data.at<std::uint32_t>(row * 4)};
        break;
      default:
        out = data.at<std::int64_t>(row * 8);
        if (!type.is_signed && out < 0) {
          return {-1, static_cast<double>(data.at<std::uint64_t>(row * 8))};
        }
    }
    return {out, static_cast<double>(out)};
  }

  Result<void> put(std::size_t position, const Column& column, const Part& part, std::size_t row) {
    if (column.type.kind == Kind::null || !is_valid(part, row)) return frame_.put_null(position);
    if (column.dictionary) {
      const auto [index, ignored] = integer_at(column.index, part, row);
      const auto& texts = dictionaries_[*column.dictionary];
      if (index < 0 || static_cast<std::size_t>(index) >= texts.size()) {
        return malformed("a value is not in its dictionary");
      }
      return frame_.put_text(position, texts[static_cast<std::size_t>(index)]);
    }
    FlatBytes data{part.data};
    switch (column.type.kind) {
      case Kind::boolean:
        return frame_.put(position, (data.at<std::uint8_t>(row / 8) >> (row % 8) & 1) != 0);
      case Kind::integer: {
        const auto [whole, real] = integer_at(column.type, part, row);
        const bool large = !column.type.is_signed && whole < 0;
        return large ? frame_.put(position, real) : frame_.put(position, whole);
      }
      case Kind::real:
        if (column.type.bits == 64) return frame_.put(position, data.at<double>(row * 8));
        if (column.type.bits == 32) return frame_.put(position, double{data.at<float>(row * 4)});
        return frame_.put(position,
                          double{serving::half_to_float(data.at<std::uint16_t>(row * 2))});
      case Kind::text: {
        SW_TRY(const auto text, text_at(column.type, part, row));
        return frame_.put_text(position, text);
      }
      case Kind::null:
        break;
    }
    return frame_.put_null(position);
  }

  Result<void> batch(const FlatTable& header, std::string_view body) {
    if (columns_.empty()) return malformed("a batch comes before the schema");
    SW_TRY(const auto rows, open(header, header.bytes()));
    if (rows * columns_.size() > cells_left_) {
      return invalid("the Arrow stream has more values than its bytes can hold");
    }
    cells_left_ -= rows * columns_.size();
    std::vector<Part> parts;
    for (const auto& column : columns_) {
      SW_TRY(auto part, part_of(column.dictionary ? column.index : column.type, rows, body));
      parts.push_back(part);
    }
    for (std::size_t row = 0; row < rows; ++row) {
      frame_.begin_row();
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        SW_CHECK_OK(put(i, columns_[i], parts[i], row));
      }
      SW_CHECK_OK(frame_.end_row());
    }
    return {};
  }

  Result<void> dictionary(const FlatTable& header, std::string_view body) {
    const auto id = header.scalar<std::int64_t>(0, 0);
    const auto inner = header.table(1);
    const bool more = header.scalar<std::uint8_t>(2, 0) != 0;
    const auto column = std::find_if(columns_.begin(), columns_.end(),
                                     [&](const Column& each) { return each.dictionary == id; });
    if (!inner || column == columns_.end()) return malformed("a dictionary belongs to no column");
    SW_TRY(const auto rows, open(*inner, header.bytes()));
    SW_TRY(const auto part, part_of(column->type, rows, body));
    auto& texts = dictionaries_[id];
    if (!more) texts.clear();
    for (std::size_t row = 0; row < rows; ++row) {
      SW_TRY(const auto text, text_at(column->type, part, row));
      texts.emplace_back(text);
    }
    return {};
  }

  std::string_view bytes_;
  serving::FrameBuilder frame_;
  std::size_t cells_left_;
  std::vector<Column> columns_;
  std::map<std::int64_t, std::vector<std::string>> dictionaries_;

  // Of the batch that is being read.
  FlatBytes* meta_ = nullptr;
  FlatVector nodes_;
  FlatVector buffers_;
  std::size_t node_ = 0;
  std::size_t buffer_ = 0;
};

}  // namespace

Result<Payload> parse_arrow(std::string_view body, const serving::FrameLayout& layout) {
  SW_TRY(auto inputs, Stream(body, layout).run());
  return Payload{std::move(inputs), true};
}

}  // namespace slipway::wire::scoring
