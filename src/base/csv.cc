// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <utility>

namespace slipway {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  bool done() const { return at_ >= text_.size(); }
  std::size_t line() const { return line_; }

  // The cells up to the end of the line.
  Result<std::vector<std::string>> record() {
    std::vector<std::string> cells;
    while (true) {
      SW_TRY(auto cell, peek() == '"' ? quoted() : Result<std::string>(plain()));
      cells.push_back(std::move(cell));
      if (peek() != ',') break;
      ++at_;
    }
    if (peek() == '\r') ++at_;
    if (peek() == '\n') ++at_;
    ++line_;
    return cells;
  }

 private:
  // 0 at the end; a NUL in the text is met as an ordinary character.
  char peek() const { return done() ? '\0' : text_[at_]; }

  std::string plain() {
    const std::size_t from = at_;
    while (!done() && peek() != ',' && peek() != '\n' && peek() != '\r') ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  Result<std::string> quoted() {
    const std::size_t opened = line_;
    std::string out;
    for (++at_; !done(); ++at_) {
      if (peek() == '\n') ++line_;
      if (peek() != '"') {
        out += peek();
        continue;
      }
      ++at_;
      if (peek() == '"' && !done()) {
        out += '"';
        continue;
      }
      if (!done() && peek() != ',' && peek() != '\n' && peek() != '\r') {
        return invalid("line " + std::to_string(line_) + ": text after a closing quote");
      }
      return out;
    }
    return invalid("line " + std::to_string(opened) + ": a quote is never closed");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

Result<void> read_csv(std::string_view text,
                      const std::function<Result<void>(std::vector<std::string>&)>& each) {
  Reader reader(text);
  std::size_t width = 0;
  while (!reader.done()) {
    const std::size_t line = reader.line();
    SW_TRY(auto cells, reader.record());
    if (cells.size() == 1 && cells[0].empty() && width != 1) continue;
    if (width == 0) width = cells.size();
    if (cells.size() != width) {
      return invalid("line " + std::to_string(line) + ": " + std::to_string(cells.size()) +
                     " cells where the header has " + std::to_string(width));
    }
    SW_CHECK_OK(each(cells));
  }
  return {};
}

}  // namespace slipway
