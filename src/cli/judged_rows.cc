// SPDX-License-Identifier: Apache-2.0
#include "judged_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "output.h"

namespace slipway::cli {
namespace {

using drivers::duckdb::Piece;
using drivers::duckdb::Type;

constexpr std::size_t kMostClasses = 10'000;
constexpr std::size_t kMostGroups = 100'000;

// Texts as numbers, in the order in which they came.
class Names {
 public:
  std::size_t operator()(const std::string& text) {
    const auto [at, fresh] = ids_.try_emplace(text, names_.size());
    if (fresh) names_.push_back(text);
    return at->second;
  }
  std::size_t size() const { return names_.size(); }

  // The names ascending, and where each went.
  std::pair<std::vector<std::string>, std::vector<std::size_t>> sorted(bool by_value) const {
    std::vector<std::size_t> order(names_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      if (!by_value) return names_[a] < names_[b];
      return parse_double(names_[a]).value_or(0) < parse_double(names_[b]).value_or(0);
    });
    std::vector<std::string> names;
    std::vector<std::size_t> place(names_.size());
    for (const auto id : order) {
      place[id] = names.size();
      names.push_back(names_[id]);
    }
    return {std::move(names), std::move(place)};
  }

 private:
  std::unordered_map<std::string, std::size_t> ids_;
  std::vector<std::string> names_;
};

Result<const Field*> field_of(const Table& table, const std::string& name, const char* option) {
  if (const auto* field = table.find(name)) return field;
  std::string known;
  for (const auto& field : table.fields()) known += (known.empty() ? "" : ", ") + field.name;
  return invalid(std::string(option) + ": the file has no column '" + name + "'",
                 "it has " + known);
}

Result<const Field*> number_field(const Table& table, const std::string& name, const char* option) {
  SW_TRY(const auto* field, field_of(table, name, option));
  if (field->is_text() || field->type == Type::time) {
    return invalid(std::string(option) + ": column '" + name + "' holds " + field->declared +
                   ", a column of numbers is wanted");
  }
  return field;
}

bool missing(const Piece& piece, bool text, std::size_t row) {
  return piece.missing[row] || (!text && std::isnan(piece.numbers[row]));
}

std::string text_of(const Field& field, const Piece& piece, std::size_t row, bool flags) {
  if (field.is_text()) return piece.texts[row];
  if (flags) return piece.numbers[row] != 0 ? "true" : "false";
  return number_text(piece.numbers[row]);
}

// The columns in the order in which they are scanned, by what they are for.
struct Wanted {
  const Field* target = nullptr;
  const Field* prediction = nullptr;
  std::vector<const Field*> groups;
  std::vector<std::string> names;  // target, prediction, probabilities.., groups..
};

Result<Wanted> wanted_of(const Table& table, const JudgedColumns& columns, bool numbers) {
  Wanted out;
  const auto find = numbers ? number_field : field_of;
  SW_TRY(out.target, find(table, columns.target, "--target"));
  SW_TRY(out.prediction, find(table, columns.prediction, "--prediction"));
  out.names = {columns.target, columns.prediction};
  for (const auto& name : columns.probabilities) {
    SW_TRY(const auto* field, number_field(table, name, "--probability"));
    out.names.push_back(field->name);
  }
  for (const auto& name : columns.groups) {
    SW_TRY(const auto* field, field_of(table, name, "--group"));
    out.groups.push_back(field);
    out.names.push_back(name);
  }
  return out;
}

// Rows with all that is judged; a missing group is a group of its own.
class Reader {
 public:
  Reader(const Wanted& wanted, std::size_t probabilities, JudgedRows& out)
      : wanted_(wanted), out_(out) {
    out_.probabilities.resize(probabilities);
  }

  template <class Keep>
  Result<void> read(const Table& table, const Keep& keep) {
    Progress progress("rows", static_cast<std::uint64_t>(table.rows()));
    SW_CHECK_OK(table.scan(wanted_.names,
                           [&](const std::vector<Piece>& pieces, std::size_t rows) -> Result<void> {
                             for (std::size_t row = 0; row < rows; ++row)
                               SW_CHECK_OK(take(pieces, row, keep));
                             progress.add(rows);
                             return {};
                           }));
    if (!wanted_.groups.empty()) {
      auto [names, place] = groups_.sorted(false);
      out_.groups = std::move(names);
      for (auto& group : out_.group) group = place[group];
    }
    return {};
  }

 private:
  template <class Keep>
  Result<void> take(const std::vector<Piece>& pieces, std::size_t row, const Keep& keep) {
    bool gap = missing(pieces[0], wanted_.target->is_text(), row) ||
               missing(pieces[1], wanted_.prediction->is_text(), row);
    for (std::size_t k = 0; k < out_.probabilities.size(); ++k) {
      gap = gap || missing(pieces[2 + k], false, row);
    }
    if (gap) {
      ++out_.skipped;
      return {};
    }
    for (std::size_t k = 0; k < out_.probabilities.size(); ++k) {
      out_.probabilities[k].push_back(pieces[2 + k].numbers[row]);
    }
    SW_CHECK_OK(take_group(pieces, row));
    return keep(pieces[0], pieces[1], row);
  }

  Result<void> take_group(const std::vector<Piece>& pieces, std::size_t row) {
    if (wanted_.groups.empty()) return {};
    std::string name;
    for (std::size_t k = 0; k < wanted_.groups.size(); ++k) {
      const auto& field = *wanted_.groups[k];
      const auto& piece = pieces[2 + out_.probabilities.size() + k];
      const bool none = missing(piece, field.is_text(), row);
      name += (k > 0 ? ", " : "") +
              (none ? "(missing)" : text_of(field, piece, row, field.type == Type::boolean));
    }
    out_.group.push_back(groups_(name));
    if (groups_.size() > kMostGroups) {
      return invalid("--group makes more than " + std::to_string(kMostGroups) + " groups",
                     "group by a column with few values");
    }
    return {};
  }

  const Wanted& wanted_;
  JudgedRows& out_;
  Names groups_;
};

}  // namespace

Result<JudgedRows> read_classes(const Table& table, const JudgedColumns& columns) {
  JudgedRows out;
  SW_TRY(const auto wanted, wanted_of(table, columns, false));
  const auto& target = *wanted.target;
  const auto& prediction = *wanted.prediction;
  const bool flags = target.type == Type::boolean && prediction.type == Type::boolean;
  const bool numbers = !target.is_text() && !prediction.is_text();
  out.label_kind = flags ? LabelKind::flag : numbers ? LabelKind::number : LabelKind::text;
  Names labels;
  Reader reader(wanted, columns.probabilities.size(), out);
  SW_CHECK_OK(
      reader.read(table, [&](const Piece& is, const Piece& said, std::size_t row) -> Result<void> {
        out.truth.push_back(labels(text_of(target, is, row, flags)));
        const auto known = labels.size();
        out.predicted.push_back(labels(text_of(prediction, said, row, flags)));
        const bool fraction = numbers && said.numbers[row] != std::floor(said.numbers[row]);
        if (fraction && labels.size() > known && target.type != Type::real) {
          return invalid("--prediction: column '" + columns.prediction + "' holds " +
                             number_text(said.numbers[row]) + ", which is no label of the target",
                         "name it with --probability, and the column of predicted labels with "
                         "--prediction");
        }
        if (labels.size() > kMostClasses) {
          return invalid("more than " + std::to_string(kMostClasses) + " labels",
                         "use --task regression for numbers");
        }
        return {};
      }));
  auto [names, place] = labels.sorted(numbers && !flags);
  out.labels = std::move(names);
  for (auto& label : out.truth) label = place[label];
  for (auto& label : out.predicted) label = place[label];
  return out;
}

Result<JudgedRows> read_values(const Table& table, const JudgedColumns& columns) {
  JudgedRows out;
  SW_TRY(const auto wanted, wanted_of(table, columns, true));
  Reader reader(wanted, 0, out);
  SW_CHECK_OK(
      reader.read(table, [&](const Piece& is, const Piece& said, std::size_t row) -> Result<void> {
        out.true_values.push_back(is.numbers[row]);
        out.predicted_values.push_back(said.numbers[row]);
        return {};
      }));
  return out;
}

}  // namespace slipway::cli
