// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "base/text.h"
#include "payload.h"

namespace slipway::wire::scoring {
namespace {

constexpr std::size_t kMaxColumns = 100'000;

// Cells of one record after the other.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  // Skips empty lines. False at the end.
  bool has_record() {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) {
      if (text_[at_] == '\n') ++line_;
      ++at_;
    }
    return at_ < text_.size();
  }

  // The next cell of the record; `last` when the record ends with it.
  Result<std::string_view> cell(bool& last) {
    if (at_ < text_.size() && text_[at_] == '"') return quoted(last);
    const auto end = text_.find_first_of(",\n", at_);
    auto value = text_.substr(at_, end == std::string_view::npos ? end : end - at_);
    at_ = end == std::string_view::npos ? text_.size() : end;
    if (value.ends_with('\r')) value.remove_suffix(1);
    SW_CHECK_OK(separator(last));
    return value;
  }

  std::size_t line() const { return line_; }

 private:
  Result<void> separator(bool& last) {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    last = at_ == text_.size() || text_[at_] == '\n';
    if (last) {
      if (at_ < text_.size()) ++at_;
      ++line_;
      return {};
    }
    if (text_[at_] != ',') {
      return invalid("malformed CSV: text after a closing quote in line " + std::to_string(line_));
    }
    ++at_;
    return {};
  }

  Result<std::string_view> quoted(bool& last) {
    scratch_.clear();
    const std::size_t from = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        scratch_ += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        scratch_ += '"';
        ++at_;
      } else {
        ++at_;
        SW_CHECK_OK(separator(last));
        return std::string_view(scratch_);
      }
    }
    return invalid("malformed CSV: the quote in line " + std::to_string(from) + " is never closed");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::string scratch_;
};

}  // namespace

Result<Payload> parse_csv(std::string_view body, const serving::FrameLayout& layout) {
  if (!is_valid_utf8(body)) return invalid("the CSV is not UTF-8");
  CsvReader in(body);
  if (!in.has_record()) return invalid("the CSV is empty", "send a header line and rows");
  std::vector<std::string> names;
  for (bool last = false; !last;) {
    SW_TRY(const auto cell, in.cell(last));
    names.emplace_back(cell);
    if (names.size() > kMaxColumns) return invalid("the CSV has too many columns");
  }
  serving::FrameBuilder frame(layout);
  SW_CHECK_OK(frame.set_columns(names));
  while (in.has_record()) {
    const auto line = in.line();
    frame.begin_row();
    std::size_t position = 0;
    for (bool last = false; !last; ++position) {
      SW_TRY(const auto cell, in.cell(last));
      if (position >= names.size()) {
        return invalid("line " + std::to_string(line) + " of the CSV has more than " +
                       std::to_string(names.size()) + " values");
      }
      SW_CHECK_OK(frame.put_cell(position, cell));
    }
    SW_CHECK_OK(frame.end_row());
  }
  SW_TRY(auto inputs, frame.finish());
  return Payload{std::move(inputs), true};
}

}  // namespace slipway::wire::scoring
