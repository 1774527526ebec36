// SPDX-License-Identifier: Apache-2.0
// A suite that a table passes, for somebody to edit: limits lie where the data ends.
#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/expectations.h"
#include "base/text.h"

namespace slipway::analysis {
namespace {

using drivers::duckdb::Piece;
using drivers::duckdb::Type;

constexpr std::int64_t kMostCategories = 50;
constexpr std::int64_t kFewNumbers = 10;
constexpr std::int64_t kLeastForUnique = 100;
constexpr std::size_t kMostRuns = 12;
constexpr double kFreshDays = 7;
constexpr std::int64_t kLeastForRelation = 100;  // rows that say so
constexpr std::size_t kMostRelated = 20;         // columns that are compared with each other

// What all texts of a column look like: runs of one kind of character, with their lengths.
class Shape {
 public:
  void add(const std::string& text) {
    if (broken_) return;
    auto runs = runs_of(text);
    if (runs.empty() || runs.size() > kMostRuns) {
      broken_ = true;
    } else if (runs_.empty()) {
      runs_ = std::move(runs);
    } else {
      merge(runs);
    }
  }

  // Empty when there is none worth saying.
  std::string pattern() const {
    if (broken_ || runs_.empty()) return {};
    std::string out = "^";
    for (const auto& run : runs_) {
      out += word_of(run.kind);
      if (run.least == 1 && run.most == 1) continue;
      out += "{" + std::to_string(run.least);
      if (run.most != run.least) out += "," + std::to_string(run.most);
      out += "}";
    }
    return out + "$";
  }

 private:
  struct Run {
    char kind = 0;  // 'A', 'a', '0', or the character itself
    std::size_t least = 0;
    std::size_t most = 0;
  };

  static std::vector<Run> runs_of(const std::string& text) {
    std::vector<Run> out;
    for (const char c : text) {
      const bool upper = c >= 'A' && c <= 'Z';
      const bool lower = c >= 'a' && c <= 'z';
      const bool digit = c >= '0' && c <= '9';
      const char kind = upper ? 'A' : lower ? 'a' : digit ? '0' : c;
      if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~') return {};
      if (out.empty() || out.back().kind != kind) out.push_back({.kind = kind});
      out.back().least = ++out.back().most;
      if (out.size() > kMostRuns || out.back().most > 99) return {};
    }
    return out;
  }

  void merge(const std::vector<Run>& runs) {
    broken_ = runs.size() != runs_.size();
    for (std::size_t i = 0; !broken_ && i < runs.size(); ++i) {
      broken_ = runs[i].kind != runs_[i].kind;
      runs_[i].least = std::min(runs_[i].least, runs[i].least);
      runs_[i].most = std::max(runs_[i].most, runs[i].most);
    }
  }

  static std::string word_of(char kind) {
    if (kind == 'A') return "[A-Z]";
    if (kind == 'a') return "[a-z]";
    if (kind == '0') return "[0-9]";
    const bool plain = kind == ' ' || kind == '_' || kind == ':' || kind == '/' || kind == '@';
    return plain ? std::string(1, kind) : std::string("\\") + kind;
  }

  std::vector<Run> runs_;
  bool broken_ = false;
};

std::string quoted(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string type_word(Type type) {
  switch (type) {
    case Type::boolean:
      return "boolean";
    case Type::integer:
      return "integer";
    case Type::real:
      return "number";
    case Type::text:
      return "text";
    case Type::time:
      return "time";
    case Type::other:
      break;
  }
  return {};
}

std::string begin(const ColumnProfile& column) {
  return "  - {column: " + quoted(column.field.name);
}

// Twice the share of missing values and one percent more, in whole percents.
double null_bound(const ColumnProfile& column, std::int64_t rows) {
  const double share = static_cast<double>(column.nulls) / static_cast<double>(rows);
  return std::min(1.0, std::ceil(share * 200 + 1) / 100);
}

// The values of a column that has few, or what its texts look like.
Result<void> say_values(const Table& table, const ColumnProfile& column, std::string& out) {
  const bool text = column.field.is_text();
  const auto most = text ? kMostCategories : kFewNumbers;
  const bool few = column.unique <= most && column.count >= column.unique * 10;
  if (!text && !few) return {};
  std::string list;
  Shape shape;
  SW_CHECK_OK(table.groups(column.field.name, [&](const Piece& values, const auto& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (text) shape.add(values.texts[i]);
      if (!few) continue;
      list += (list.empty() ? "" : ", ") +
              (text ? quoted(values.texts[i]) : number_text(values.numbers[i]));
    }
    return Result<void>{};
  }));
  if (few) {
    out += begin(column) + ", in: [" + list + "], mostly: 0.99}\n";
  } else if (const auto pattern = shape.pattern(); !pattern.empty()) {
    out += begin(column) + ", matches: " + quoted(pattern) + ", mostly: 0.99}\n";
  }
  return {};
}

void say_range(const ColumnProfile& column, std::string& out) {
  const bool few = column.unique <= kFewNumbers && column.count >= column.unique * 10 &&
                   column.field.type == Type::integer;
  if (few || column.infinite > 0 || !column.min || !column.max) return;
  if (*column.min >= 0) out += begin(column) + ", min: 0}\n";
  out += begin(column) + ", min: " + number_text(*column.min) +
         ", max: " + number_text(*column.max) + ", mostly: 0.99}\n";
}

Result<void> say_column(const Table& table, const ColumnProfile& column, std::int64_t rows,
                        std::string& out) {
  if (column.count == 0) return {};
  const auto type = type_word(column.field.type);
  out += begin(column) + (type.empty() ? "" : ", type: " + type) +
         (column.nulls == 0 ? ", not_null: true"
                            : ", nulls: {max: " + number_text(null_bound(column, rows)) + "}");
  const bool key = column.unique == column.count && column.nulls == 0 &&
                   column.count >= kLeastForUnique && column.field.type != Type::real;
  out += key ? ", unique: true}\n" : "}\n";
  if (column.field.type == Type::integer || column.field.type == Type::real) {
    say_range(column, out);
  }
  if (column.field.type == Type::text || column.field.type == Type::integer) {
    SW_CHECK_OK(say_values(table, column, out));
  }
  return {};
}

// Twice the age, in whole days. Of a file that is older than a week nobody knows how fresh it is
// to be: the rule is written as a comment.
void say_newest(const ColumnProfile& column, Timestamp now, std::string& out) {
  if (column.field.type != Type::time || !column.max) return;
  const double days = (static_cast<double>(now.ms) - *column.max) / 86'400'000;
  const auto most = static_cast<std::int64_t>(std::max(1.0, std::ceil(2 * days)));
  const auto rule = begin(column).substr(2);
  if (days <= kFreshDays) {
    out += "  " + rule + ", newest: " + std::to_string(most) + "d}\n";
  } else {
    out += "  # " + rule + ", newest: 1d}\n";
  }
}

// Columns of numbers, or of times, whose ranges overlap and of which one is nowhere above the
// other.
Result<void> say_relations(const Table& table, const Profile& profile, std::string& out) {
  std::vector<const ColumnProfile*> columns;
  for (const auto& column : profile.columns) {
    const bool known = column.min && column.max && *column.max > *column.min;
    if (known && column.count >= kLeastForRelation && column.unique > kFewNumbers &&
        columns.size() < kMostRelated) {
      columns.push_back(&column);
    }
  }
  std::vector<std::pair<const ColumnProfile*, const ColumnProfile*>> pairs;
  std::string wants;
  for (const auto* low : columns) {
    for (const auto* high : columns) {
      const bool alike = (low->field.type == Type::time) == (high->field.type == Type::time);
      if (low == high || !alike || *low->max <= *high->min || *low->max > *high->max ||
          *low->min > *high->min) {
        continue;
      }
      pairs.emplace_back(low, high);
      const auto a = Table::read_as(low->field);
      const auto b = Table::read_as(high->field);
      wants += (wants.empty() ? "" : ", ") + ("count(*) FILTER (" + a + " > " + b + "), ") +
               "count(*) FILTER (" + a + " < " + b + ")";
    }
  }
  if (pairs.empty()) return {};
  SW_TRY(const auto counts, table.numbers(wants));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (counts[2 * i] > 0 || counts[2 * i + 1] < static_cast<double>(kLeastForRelation)) continue;
    out += "  - {compare: [" + quoted(pairs[i].first->field.name) + ", <=, " +
           quoted(pairs[i].second->field.name) + "], mostly: 0.99}\n";
  }
  return {};
}

}  // namespace

Result<std::string> suggest_suite(const Table& table, const Profile& profile,
                                  const std::string& name, Timestamp now) {
  std::string out =
      "# Rules that the file passes, as a place to start from: widen what may change, say what\n"
      "# must not. `slipway check FILE --suite` runs it; an endpoint takes it for its requests.\n";
  out += "name: " + quoted(name) + "\nrules:\n";
  out += "  - {rows: {min: " +
         std::to_string(std::max<std::int64_t>(profile.rows / 2, profile.rows > 0 ? 1 : 0)) +
         "}}\n  - schema: {columns: [";
  for (std::size_t i = 0; i < profile.columns.size(); ++i) {
    out += (i == 0 ? "" : ", ") + quoted(profile.columns[i].field.name);
  }
  out += "]}\n";
  for (const auto& column : profile.columns) {
    SW_CHECK_OK(say_column(table, column, std::max<std::int64_t>(profile.rows, 1), out));
    say_newest(column, now, out);
  }
  SW_CHECK_OK(say_relations(table, profile, out));
  return out;
}

}  // namespace slipway::analysis
