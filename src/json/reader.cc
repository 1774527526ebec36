// SPDX-License-Identifier: Apache-2.0
#include "json/reader.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/text.h"

namespace slipway::json {
namespace {

constexpr std::array<double, 23> kPowersOfTen{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static_assert(kMaxDepth <= 64, "one bit a level");

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

void Reader::skip_space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
    ++at_;
  }
}

bool Reader::fail(std::string_view what) {
  if (problem_.empty()) {
    problem_ = std::string(what) + " at byte " + std::to_string(at_);
  }
  return false;
}

Error Reader::error() const {
  return invalid(problem_.empty() ? "malformed JSON" : "malformed JSON: " + problem_,
                 "send one well-formed JSON value");
}

Reader::Kind Reader::peek() {
  if (!ok()) return Kind::nothing;
  skip_space();
  if (at_ == text_.size()) return Kind::nothing;
  switch (text_[at_]) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    case '-':
      return Kind::number;
    default:
      return is_digit(text_[at_]) ? Kind::number : Kind::nothing;
  }
}

bool Reader::push(bool object) {
  if (peek() != (object ? Kind::object : Kind::array)) {
    return fail(object ? "expected an object" : "expected an array");
  }
  if (depth_ == kMaxDepth) {
    return fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  first_ |= std::uint64_t{1} << depth_;
  ++depth_;
  ++at_;
  return true;
}

bool Reader::begin_object() {
  return push(true);
}

bool Reader::begin_array() {
  return push(false);
}

bool Reader::next_element() {
  if (!ok()) return false;
  skip_space();
  if (at_ == text_.size()) return fail("the text ends inside an array");
  const std::uint64_t bit = std::uint64_t{1} << (depth_ - 1);
  const char c = text_[at_];
  if (c == ']') {
    ++at_;
    --depth_;
    return false;
  }
  if ((first_ & bit) != 0) {
    first_ &= ~bit;
    return true;
  }
  if (c != ',') return fail("expected ',' or ']'");
  ++at_;
  skip_space();
  if (at_ < text_.size() && text_[at_] == ']') return fail("a comma before ']'");
  return true;
}

bool Reader::next_key(std::string_view& key) {
  if (!ok()) return false;
  skip_space();
  if (at_ == text_.size()) return fail("the text ends inside an object");
  const std::uint64_t bit = std::uint64_t{1} << (depth_ - 1);
  const char c = text_[at_];
  if (c == '}') {
    ++at_;
    --depth_;
    return false;
  }
  if ((first_ & bit) != 0) {
    first_ &= ~bit;
  } else {
    if (c != ',') return fail("expected ',' or '}'");
    ++at_;
  }
  if (!read(key)) return fail("expected a name");
  skip_space();
  if (at_ == text_.size() || text_[at_] != ':') return fail("expected ':'");
  ++at_;
  return true;
}

// A number as it stands in the text: mantissa * 10^exponent when `exact`.
struct Reader::Digits {
  std::size_t start = 0;
  bool negative = false;
  bool integer = true;  // neither a point nor an exponent
  bool exact = true;    // nothing was left out of mantissa and exponent
  std::uint64_t mantissa = 0;
  std::int64_t exponent = 0;
  int significant = 0;
};

std::size_t Reader::take_digits(Digits& out) {
  const std::size_t from = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) {
    if (out.significant < 19) {
      out.mantissa = out.mantissa * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
      if (out.mantissa != 0) ++out.significant;
    } else {
      ++out.significant;
    }
    ++at_;
  }
  return at_ - from;
}

bool Reader::take_number(Digits& out) {
  out.start = at_;
  out.negative = text_[at_] == '-';
  if (out.negative) ++at_;
  const std::size_t first = at_;
  const std::size_t whole = take_digits(out);
  if (whole == 0) return fail("expected a digit");
  if (whole > 1 && text_[first] == '0') return fail("a number starts with 0");
  if (at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    out.integer = false;
    const std::size_t fraction = take_digits(out);
    if (fraction == 0) return fail("expected a digit");
    out.exponent = -static_cast<std::int64_t>(fraction);
  }
  out.exact = out.significant <= 19;
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    out.integer = false;
    out.exact = false;  // rare: leave it to from_chars
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    const std::size_t from = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    if (at_ == from) return fail("expected a digit");
  }
  return true;
}

bool Reader::read(Number& out) {
  if (peek() != Kind::number) {
    return fail("expected a number (NaN and Infinity are not JSON)");
  }
  Digits digits;
  if (!take_number(digits)) return false;
  out.is_large = false;
  out.is_integer = digits.integer;
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  if (digits.integer && digits.exact &&
      digits.mantissa <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    const auto whole = static_cast<std::int64_t>(digits.mantissa);
    out.integer = digits.negative ? -whole : whole;
    out.real = static_cast<double>(out.integer);
    if (digits.negative && whole == 0) out.real = -0.0;
    return true;
  }
  if (digits.exact && digits.mantissa <= kExact && digits.exponent >= -22) {
    // Both are exact doubles, so one division rounds correctly.
    const double value = static_cast<double>(digits.mantissa) /
                         kPowersOfTen[static_cast<std::size_t>(-digits.exponent)];
    out.real = digits.negative ? -value : value;
    return true;
  }
  return convert_slowly(digits, out);
}

bool Reader::convert_slowly(const Digits& digits, Number& out) {
  const char* const first = text_.data() + digits.start;
  const char* const last = text_.data() + at_;
  const auto parsed = std::from_chars(first, last, out.real);
  if (parsed.ec == std::errc::result_out_of_range) {
    // Too small is zero; too large is refused. from_chars does not tell which, strtod does.
    out.real = std::strtod(std::string(first, last).c_str(), nullptr);
    if (std::isinf(out.real)) return fail("too large a number");
  }
  if (!digits.integer) return true;
  out.is_integer = std::from_chars(first, last, out.integer).ec == std::errc();
  if (!out.is_integer && !digits.negative) {
    out.is_large = std::from_chars(first, last, out.large).ec == std::errc();
  }
  return true;
}

// Digits, maybe a fraction, no more of them than a double holds exactly; else nothing is taken.
bool Reader::read_plain(double& out) {
  const char* at = text_.data() + at_;
  const char* const end = text_.data() + text_.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  const char* const first = at;
  std::uint64_t mantissa = 0;
  while (at != end && is_digit(*at))
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at++ - '0');
  const auto whole = at - first;
  if (whole == 0 || whole > 15 || (whole > 1 && *first == '0')) return false;
  std::ptrdiff_t fraction = 0;
  if (at != end && *at == '.') {
    const char* const point = ++at;
    while (at != end && is_digit(*at) && at - point <= 15) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at++ - '0');
    }
    fraction = at - point;
    if (fraction == 0 || whole + fraction > 15) return false;
  }
  if (at == end || (*at != ',' && *at != ']')) return false;
  auto value = static_cast<double>(mantissa);
  if (fraction > 0) value /= kPowersOfTen[static_cast<std::size_t>(fraction)];
  out = negative ? -value : value;
  at_ = static_cast<std::size_t>(at - text_.data());
  return true;
}

std::size_t Reader::read_run(double* out, std::size_t most) {
  if (!ok() || depth_ == 0) return 0;
  const std::uint64_t bit = std::uint64_t{1} << (depth_ - 1);
  std::size_t count = 0;
  for (; count < most; ++count) {
    const auto before = at_;
    skip_space();
    if ((first_ & bit) == 0) {
      if (at_ == text_.size() || text_[at_] != ',') {
        at_ = before;
        break;
      }
      ++at_;
      skip_space();
    }
    if (!read_plain(out[count])) {
      at_ = before;
      break;
    }
    first_ &= ~bit;
  }
  return count;
}

bool Reader::expect(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return fail("unknown word");
  at_ += word.size();
  return true;
}

bool Reader::read(bool& out) {
  if (peek() != Kind::boolean) return fail("expected true or false");
  out = text_[at_] == 't';
  return expect(out ? "true" : "false");
}

bool Reader::read_null() {
  if (peek() != Kind::null) return fail("expected null");
  return expect("null");
}

bool Reader::read(std::string_view& out) {
  if (peek() != Kind::string) return fail("expected a text");
  ++at_;
  const std::size_t start = at_;
  bool ascii = true;
  for (; at_ < text_.size(); ++at_) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') {
      out = text_.substr(start, at_ - start);
      if (!ascii && !is_valid_utf8(out)) return fail("a text is not UTF-8");
      ++at_;
      return true;
    }
    if (c == '\\') return read_escaped(start, out);
    if (c < 0x20) return fail("a control character in a text");
    ascii &= c < 0x80;
  }
  return fail("the text ends inside a string");
}

bool Reader::read_escaped(std::size_t start, std::string_view& out) {
  scratch_.assign(text_.substr(start, at_ - start));
  while (at_ < text_.size()) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') {
      if (!is_valid_utf8(scratch_)) return fail("a text is not UTF-8");
      ++at_;
      out = scratch_;
      return true;
    }
    if (c < 0x20) return fail("a control character in a text");
    if (c == '\\') {
      if (!append_escape()) return false;
    } else {
      scratch_ += static_cast<char>(c);
      ++at_;
    }
  }
  return fail("the text ends inside a string");
}

bool Reader::read_hex4(std::uint32_t& out) {
  if (text_.size() - at_ < 4) return fail("expected four hex digits");
  const char* from = text_.data() + at_;
  const auto parsed = std::from_chars(from, from + 4, out, 16);
  if (parsed.ec != std::errc() || parsed.ptr != from + 4) return fail("expected four hex digits");
  at_ += 4;
  return true;
}

// At a backslash.
bool Reader::append_escape() {
  if (text_.size() - at_ < 2) return fail("the text ends inside a string");
  const char c = text_[at_ + 1];
  at_ += 2;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      scratch_ += c;
      return true;
    case 'b':
      scratch_ += '\b';
      return true;
    case 'f':
      scratch_ += '\f';
      return true;
    case 'n':
      scratch_ += '\n';
      return true;
    case 'r':
      scratch_ += '\r';
      return true;
    case 't':
      scratch_ += '\t';
      return true;
    case 'u':
      break;
    default:
      return fail("unknown escape");
  }
  std::uint32_t code = 0;
  if (!read_hex4(code)) return false;
  if (code >= 0xD800 && code < 0xDC00) {
    std::uint32_t low = 0;
    if (text_.substr(at_, 2) != "\\u") return fail("half a surrogate pair");
    at_ += 2;
    if (!read_hex4(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail("half a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code < 0xE000) {
    return fail("half a surrogate pair");
  }
  append_utf8(scratch_, code);
  return true;
}

bool Reader::skip() {
  Number number;
  bool flag = false;
  std::string_view text;
  switch (peek()) {
    case Kind::object:
      if (!begin_object()) return false;
      while (next_key(text)) {
        if (!skip()) return false;
      }
      return ok();
    case Kind::array:
      if (!begin_array()) return false;
      while (next_element()) {
        if (!skip()) return false;
      }
      return ok();
    case Kind::string:
      return read(text);
    case Kind::number:
      return read(number);
    case Kind::boolean:
      return read(flag);
    case Kind::null:
      return read_null();
    case Kind::nothing:
      break;
  }
  return fail("expected a value (NaN and Infinity are not JSON)");
}

bool Reader::finish() {
  if (!ok()) return false;
  skip_space();
  return at_ == text_.size() ? true : fail("text after the value");
}

}  // namespace slipway::json
