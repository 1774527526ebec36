// SPDX-License-Identifier: Apache-2.0
// Reads JSON from left to right without building a tree: for bodies that are mostly numbers.
//
//   Reader in(text);
//   std::string_view key;
//   if (!in.begin_object()) return in.error();
//   while (in.next_key(key)) {
//     if (key == "data") read_numbers(in); else in.skip();
//   }
//   if (!in.finish()) return in.error();
//
// Every call answers false once something was wrong; `error` then says what and where. Nesting is
// bounded by kMaxDepth, texts must be UTF-8, and NaN or Infinity are refused as JSON demands. A
// copy remembers the place: read on from it later.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace slipway::json {

class Reader {
 public:
  enum class Kind { object, array, string, number, boolean, null, nothing };
  struct Number {
    bool is_integer = false;
    std::int64_t integer = 0;  // when is_integer
    double real = 0;           // always
    bool is_large = false;     // an integer above those, in `large`
    std::uint64_t large = 0;
  };

  explicit Reader(std::string_view text) : text_(text) {}

  // Of the value that comes next; `nothing` at the end or before anything that is no value.
  Kind peek();

  bool begin_object();
  // True: `key` is the next member's (valid until the next call) and its value must be read now.
  // False: the object is over, or the text is malformed (see ok).
  bool next_key(std::string_view& key);
  bool begin_array();
  // True: an element follows and must be read now.
  bool next_element();

  bool read(Number& out);
  // In an array: the next elements, while they are numbers of the usual kind, at most `most`; in
  // place of next_element and read. The first other element is left for those.
  std::size_t read_run(double* out, std::size_t most);
  bool read(bool& out);
  bool read(std::string_view& out);  // valid until the next call
  bool read_null();
  bool skip();

  // True when the text was one value and nothing else.
  bool finish();
  bool ok() const { return problem_.empty(); }
  Error error() const;
  // Remembers the first complaint; for values that are well-formed and unwelcome all the same.
  bool fail(std::string_view what);
  std::size_t offset() const { return at_; }
  std::size_t remaining() const { return text_.size() - at_; }

 private:
  void skip_space();
  bool expect(std::string_view word);
  bool read_plain(double& out);
  bool push(bool object);
  bool read_escaped(std::size_t start, std::string_view& out);
  bool append_escape();
  bool read_hex4(std::uint32_t& out);
  struct Digits;
  std::size_t take_digits(Digits& out);
  bool take_number(Digits& out);
  bool convert_slowly(const Digits& digits, Number& out);

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::uint64_t first_ = 0;  // bit d: nothing was read yet at depth d + 1
  std::string scratch_;
  std::string problem_;
};

}  // namespace slipway::json
