// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

namespace slipway::drivers::trees {
namespace {

using Kind = Document::Kind;

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxValues = 4'000'000;

// What both readers keep count of.
class Bounds {
 public:
  Bounds(std::string_view bytes, const std::vector<std::string_view>& skip)
      : bytes_(bytes), skip_(skip) {}

 protected:
  Error bad(const std::string& what) const {
    return {Code::data_loss,
            "the model file is damaged: " + what + " at byte " + std::to_string(at_),
            "log the model again"};
  }
  Result<void> count(int depth) {
    if (depth > kMaxDepth) return bad("values nested more than 32 deep");
    if (++values_ > kMaxValues) return bad("more than 4,000,000 values");
    return {};
  }
  bool is_skipped(std::string_view name) const {
    return std::find(skip_.begin(), skip_.end(), name) != skip_.end();
  }
  // Takes a value into a list, which stays one of plain numbers for as long as it can.
  static void add(Document& list, Document&& value) {
    if (value.kind == Kind::number && list.kind == Kind::numbers) {
      list.numbers.push_back(value.number);
      return;
    }
    if (list.kind == Kind::numbers) {
      list.kind = Kind::list;
      for (const double number : list.numbers) {
        list.items.push_back({.kind = Kind::number, .number = number});
      }
      list.numbers.clear();
    }
    list.items.push_back(std::move(value));
  }
  static void add(Document& object, std::string name, Document&& value) {
    object.names.push_back(std::move(name));
    object.items.push_back(std::move(value));
  }

  std::string_view bytes_;
  std::size_t at_ = 0;

 private:
  const std::vector<std::string_view>& skip_;
  std::size_t values_ = 0;
};

class JsonText : Bounds {
 public:
  using Bounds::Bounds;

  Result<Document> read() {
    Document out;
    SW_CHECK_OK(value(out, 0, true));
    space();
    if (at_ != bytes_.size()) return bad("something after the end");
    return out;
  }

 private:
  void space() {
    while (at_ < bytes_.size() && std::strchr(" \t\r\n", bytes_[at_]) != nullptr &&
           bytes_[at_] != '\0') {
      ++at_;
    }
  }
  char next() {
    space();
    return at_ < bytes_.size() ? bytes_[at_] : '\0';
  }
  bool take(std::string_view word) {
    if (bytes_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Result<void> text(std::string& out) {
    if (next() != '"') return bad("expected a text");
    for (++at_; at_ < bytes_.size(); ++at_) {
      const char c = bytes_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (c != '\\') {
        out += c;
        continue;
      }
      if (++at_ >= bytes_.size()) break;
      if (bytes_[at_] == 'u') {
        SW_CHECK_OK(code_point(out));
        continue;
      }
      static constexpr std::string_view kFrom = "\"\\/bfnrt";
      static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
      const auto which = kFrom.find(bytes_[at_]);
      if (which == std::string_view::npos) return bad("an unknown escape");
      out += kTo[which];
    }
    return bad("a text without an end");
  }

  // \uXXXX as UTF-8; halves of pairs, which no feature is named by, become '?'.
  Result<void> code_point(std::string& out) {
    unsigned code = 0;
    const auto digits = bytes_.substr(at_ + 1, 4);
    const auto [end, failed] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (failed != std::errc() || digits.size() != 4 || end != digits.data() + 4) {
      return bad("an unknown escape");
    }
    at_ += 4;
    if (code >= 0xD800 && code < 0xE000) code = '?';
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
    return {};
  }

  Result<void> number(Document& out) {
    out.kind = Kind::number;
    if (take("NaN") || take("nan")) {
      out.number = std::numeric_limits<double>::quiet_NaN();
      return {};
    }
    const bool negative = take("-");
    if (take("Infinity") || take("inf")) {
      out.number = std::numeric_limits<double>::infinity();
    } else {
      const char* begin = bytes_.data() + at_;
      const auto [end, failed] = std::from_chars(begin, bytes_.data() + bytes_.size(), out.number);
      if (failed != std::errc() || end == begin || *begin == '-') return bad("expected a value");
      at_ += static_cast<std::size_t>(end - begin);
    }
    if (negative) out.number = -out.number;
    return {};
  }

  // Numbers are not counted: they are bounded by the bytes that they took.
  Result<void> value(Document& out, int depth, bool kept) {
    const char c = next();
    if (c != '{' && c != '[' && c != '"' && c != 't' && c != 'f' && !(c == 'n')) return number(out);
    if (c == 'n' && bytes_.substr(at_, 3) == "nan") return number(out);
    SW_CHECK_OK(count(depth));
    if (c == '{') return object(out, depth, kept);
    if (c == '[') return list(out, depth, kept);
    if (c == '"') {
      out.kind = Kind::text;
      return text(out.text);
    }
    if (take("null")) return {};
    out.kind = Kind::number;
    out.number = c == 't' ? 1 : 0;
    if (!take("true") && !take("false")) return bad("expected a value");
    return {};
  }

  Result<void> list(Document& out, int depth, bool kept) {
    out.kind = Kind::numbers;
    ++at_;
    if (next() == ']') {
      ++at_;
      return {};
    }
    while (true) {
      Document item;
      SW_CHECK_OK(value(item, depth + 1, kept));
      if (kept) add(out, std::move(item));
      const char c = next();
      ++at_;
      if (c == ']') return {};
      if (c != ',') return bad("expected ',' or ']'");
    }
  }

  Result<void> object(Document& out, int depth, bool kept) {
    out.kind = Kind::object;
    ++at_;
    if (next() == '}') {
      ++at_;
      return {};
    }
    while (true) {
      std::string name;
      SW_CHECK_OK(text(name));
      if (next() != ':') return bad("expected ':'");
      ++at_;
      const bool wanted = kept && !is_skipped(name);
      Document item;
      SW_CHECK_OK(value(item, depth + 1, wanted));
      if (wanted) add(out, std::move(name), std::move(item));
      const char c = next();
      ++at_;
      if (c == '}') return {};
      if (c != ',') return bad("expected ',' or '}'");
    }
  }
};

class Ubjson : Bounds {
 public:
  using Bounds::Bounds;

  Result<Document> read() {
    Document out;
    SW_TRY(const char marker, byte());
    SW_CHECK_OK(value(out, marker, 0, true));
    return out;
  }

 private:
  Result<char> byte() {
    if (at_ >= bytes_.size()) return bad("it ends too early");
    return bytes_[at_++];
  }
  // The marker that comes next, past "no-op"s.
  Result<char> marker() {
    while (true) {
      SW_TRY(const char c, byte());
      if (c != 'N') return c;
    }
  }

  static int width_of(char marker) {
    switch (marker) {
      case 'i':
      case 'U':
      case 'C':
        return 1;
      case 'I':
        return 2;
      case 'l':
      case 'd':
        return 4;
      case 'L':
      case 'D':
        return 8;
      default:
        return 0;
    }
  }

  // Big-endian; the caller has looked at the length.
  static double number_at(const char* from, char marker) {
    std::uint64_t bits = 0;
    const int width = width_of(marker);
    for (int i = 0; i < width; ++i) bits = bits << 8 | static_cast<std::uint8_t>(from[i]);
    switch (marker) {
      case 'i':
        return static_cast<std::int8_t>(bits);
      case 'I':
        return static_cast<std::int16_t>(bits);
      case 'l':
        return static_cast<std::int32_t>(bits);
      case 'L':
        return static_cast<double>(static_cast<std::int64_t>(bits));
      case 'd':
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      case 'D':
        return std::bit_cast<double>(bits);
      default:
        return static_cast<double>(bits);
    }
  }

  Result<double> number(char marker) {
    const auto width = static_cast<std::size_t>(width_of(marker));
    if (width == 0) return bad("an unknown type of value");
    if (bytes_.size() - at_ < width) return bad("it ends too early");
    const double out = number_at(bytes_.data() + at_, marker);
    at_ += width;
    return out;
  }

  Result<std::size_t> length() {
    SW_TRY(const char type, byte());
    if (type == 'd' || type == 'D' || type == 'C') return bad("a length that is no integer");
    SW_TRY(const double size, number(type));
    if (size < 0 || size > static_cast<double>(bytes_.size())) return bad("a length past the end");
    return static_cast<std::size_t>(size);
  }

  Result<std::string> text() {
    SW_TRY(const auto size, length());
    if (size > bytes_.size() - at_) return bad("a text past the end");
    std::string out(bytes_.substr(at_, size));
    at_ += size;
    return out;
  }

  Result<void> value(Document& out, char marker, int depth, bool kept) {
    if (width_of(marker) != 0) {
      out.kind = Kind::number;
      SW_TRY(out.number, number(marker));
      return {};
    }
    SW_CHECK_OK(count(depth));
    switch (marker) {
      case '{':
        return object(out, depth, kept);
      case '[':
        return list(out, depth, kept);
      case 'S': {
        out.kind = Kind::text;
        SW_TRY(out.text, text());
        return {};
      }
      case 'T':
      case 'F':
        out.kind = Kind::number;
        out.number = marker == 'T' ? 1 : 0;
        return {};
      case 'Z':
        return {};
      default:
        return bad("an unknown type of value");
    }
  }

  Result<void> list(Document& out, int depth, bool kept) {
    out.kind = Kind::numbers;
    SW_TRY(char type, marker());
    if (type == '$') return typed_list(out, kept);
    std::optional<std::size_t> size;
    if (type == '#') {
      SW_TRY(size, length());
    }
    for (std::size_t i = 0; !size || i < *size; ++i) {
      if (size) {
        SW_TRY(type, marker());
      }
      if (!size && type == ']') return {};
      Document item;
      SW_CHECK_OK(value(item, type, depth + 1, kept));
      if (kept) add(out, std::move(item));
      if (!size) {
        SW_TRY(type, marker());
      }
    }
    return {};
  }

  // All of one type, without markers between.
  Result<void> typed_list(Document& out, bool kept) {
    SW_TRY(const char type, byte());
    SW_TRY(const char sign, byte());
    if (sign != '#') return bad("a typed list without a length");
    SW_TRY(const auto size, length());
    const auto width = static_cast<std::size_t>(width_of(type));
    if (width == 0) return bad("a typed list of something else than numbers");
    if (size > (bytes_.size() - at_) / width) return bad("a list past the end");
    if (kept) {
      out.numbers.reserve(size);
      for (std::size_t i = 0; i < size; ++i) {
        out.numbers.push_back(number_at(bytes_.data() + at_ + i * width, type));
      }
    }
    at_ += size * width;
    return {};
  }

  Result<void> object(Document& out, int depth, bool kept) {
    out.kind = Kind::object;
    while (true) {
      SW_TRY(const char first, marker());
      if (first == '}') return {};
      if (first == '$' || first == '#') return bad("an object of a form that is not known");
      --at_;
      SW_TRY(auto name, text());
      SW_TRY(const char type, marker());
      const bool wanted = kept && !is_skipped(name);
      Document item;
      SW_CHECK_OK(value(item, type, depth + 1, wanted));
      if (wanted) add(out, std::move(name), std::move(item));
    }
  }
};

}  // namespace

const Document* Document::find(std::string_view name) const {
  if (kind != Kind::object) return nullptr;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return &items[i];
  }
  return nullptr;
}

const Document* Document::at(std::string_view path) const {
  const auto dot = path.find('.');
  const Document* first = find(path.substr(0, dot));
  if (first == nullptr || dot == std::string_view::npos) return first;
  return first->at(path.substr(dot + 1));
}

Result<Document> parse_document(std::string_view bytes, const std::vector<std::string_view>& skip) {
  // Both begin with a brace; then UBJSON has the type of a length, or the end.
  if (bytes.size() > 1 && bytes[0] == '{' &&
      std::string_view("iUIlL}").find(bytes[1]) != std::string_view::npos && bytes != "{}") {
    return Ubjson(bytes, skip).read();
  }
  return JsonText(bytes, skip).read();
}

}  // namespace slipway::drivers::trees
