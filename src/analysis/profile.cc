// SPDX-License-Identifier: Apache-2.0
#include "analysis/profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "analysis/column_reader.h"
#include "base/text.h"

namespace slipway::analysis {
namespace {

using drivers::duckdb::Piece;
using drivers::duckdb::Type;

constexpr std::array kShares{0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
constexpr std::size_t kMostCommon = 10;
constexpr std::size_t kBins = 40;
constexpr double kAlmostConstant = 0.95;

bool is_number(const Field& field) {
  return field.type == Type::integer || field.type == Type::real;
}

// The most frequent values of a stream of distinct ones; of equally frequent ones the smaller.
class Frequent {
 public:
  bool wants(std::int64_t count) const {
    return kept_.size() < kMostCommon || count >= kept_.back().second;
  }
  void add(Value value, std::int64_t count) {
    const auto at = std::find_if(kept_.begin(), kept_.end(), [&](const auto& other) {
      if (other.second != count) return other.second < count;
      return std::tie(value.number, value.text) < std::tie(other.first.number, other.first.text);
    });
    kept_.insert(at, {std::move(value), count});
    if (kept_.size() > kMostCommon) kept_.pop_back();
  }
  std::vector<std::pair<Value, std::int64_t>> take() { return std::move(kept_); }

 private:
  std::vector<std::pair<Value, std::int64_t>> kept_;
};

// What is computed of finite numbers that come in ascending order, each with its count.
class Ascending {
 public:
  Ascending(std::int64_t size, Histogram histogram)
      : size_(size), histogram_(std::move(histogram)) {
    if (histogram_.high > histogram_.low) histogram_.counts.resize(kBins);
  }

  void add(double x, std::int64_t count) {
    const auto weight = static_cast<double>(count);
    if (seen_ == 0) min_ = x;
    // Welford's recurrence, of the distance to the smallest: large numbers that lie close together
    // lose nothing.
    const double above = x - min_;
    const double delta = above - mean_;
    mean_ += delta * weight / (static_cast<double>(seen_) + weight);
    squares_ += weight * delta * (above - mean_);
    for (; next_ < positions(); ++next_) {
      const double position = position_of(next_);
      if (position > static_cast<double>(seen_ + count - 1)) break;
      // Between two values: the one before ended at seen_ - 1.
      const double below = std::floor(position);
      const bool across = below < static_cast<double>(seen_);
      const double low = across ? max_ : x;
      quantiles_.push_back({kShares[next_], low + (position - below) * (x - low)});
    }
    if (!histogram_.counts.empty()) histogram_.counts[bin_of(x)] += count;
    seen_ += count;
    max_ = x;
  }

  void give(ColumnProfile& out, bool moments) {
    out.histogram = std::move(histogram_);
    if (seen_ == 0) return;
    out.min = min_;
    out.max = max_;
    if (!moments) return;
    out.mean = min_ + mean_;
    if (seen_ > 1) out.std = std::sqrt(squares_ / static_cast<double>(seen_ - 1));
    out.quantiles = std::move(quantiles_);
  }

 private:
  static constexpr std::size_t positions() { return kShares.size(); }
  double position_of(std::size_t i) const { return kShares[i] * static_cast<double>(size_ - 1); }
  std::size_t bin_of(double x) const {
    const double share = (x - histogram_.low) / (histogram_.high - histogram_.low);
    const double bin = std::floor(share * static_cast<double>(kBins));
    return static_cast<std::size_t>(std::clamp(bin, 0.0, static_cast<double>(kBins - 1)));
  }

  const std::int64_t size_;
  Histogram histogram_;
  std::int64_t seen_ = 0;
  std::size_t next_ = 0;
  double min_ = 0;
  double max_ = 0;
  double mean_ = 0;  // above min_
  double squares_ = 0;
  std::vector<std::pair<double, double>> quantiles_;
};

// Where the picture begins and ends: all but one percent on either side.
Histogram range_of(const OrderedColumn& numbers) {
  Histogram out;
  if (numbers.size() == 0) return out;
  const auto at = [&](double share) {
    return numbers.at(
        static_cast<std::size_t>(std::round(share * static_cast<double>(numbers.size() - 1))));
  };
  out = {.low = at(0.01), .high = at(0.99)};
  if (!(out.high > out.low)) out = {.low = at(0), .high = at(1)};
  if (!(out.high > out.low)) out = {};
  return out;
}

// Each distinct value with its count, ascending.
template <class EachValue>
void runs_of(const OrderedColumn& numbers, EachValue each) {
  double value = 0;
  std::int64_t count = 0;
  for (std::size_t at = 0; at < numbers.size();) {
    const auto block = numbers.from(at);
    for (const double x : block) {
      if (count > 0 && x == value) {
        ++count;
        continue;
      }
      if (count > 0) each(value, count);
      value = x;
      count = 1;
    }
    at += block.size();
  }
  if (count > 0) each(value, count);
}

ColumnProfile profile_of_numbers(const Field& field, ColumnData data) {
  ColumnProfile out{.field = field};
  Ascending numbers(static_cast<std::int64_t>(data.numbers->size()), range_of(*data.numbers));
  Frequent frequent;
  const auto add = [&](double x, std::int64_t count) {
    if (count == 0) return;
    out.count += count;
    ++out.unique;
    if (frequent.wants(count)) frequent.add({.number = x}, count);
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  add(-kInfinity, data.facts.infinite - data.infinite_high);
  runs_of(*data.numbers, [&](double x, std::int64_t count) {
    add(x, count);
    numbers.add(x, count);
  });
  add(kInfinity, data.infinite_high);
  out.infinite = data.facts.infinite;
  out.nulls = data.facts.missing;
  out.most_common = frequent.take();
  if (is_number(field) || field.type == Type::time) numbers.give(out, is_number(field));
  out.type = data.facts.type;
  return out;
}

Result<ColumnProfile> profile_of_texts(const Table& table, const Field& field) {
  ColumnProfile out{.field = field};
  Frequent frequent;
  SW_CHECK_OK(table.counts(field.name, [&](const Piece& values, const auto& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto count = static_cast<std::int64_t>(counts[i]);
      out.count += count;
      ++out.unique;
      if (frequent.wants(count)) frequent.add({.text = values.texts[i]}, count);
    }
    return Result<void>{};
  }));
  out.nulls = table.rows() - out.count;
  out.most_common = frequent.take();
  const ColumnFacts facts{.present = out.count, .missing = out.nulls, .distinct = out.unique};
  out.type = type_of(field, facts);
  return out;
}

Result<void> read_columns(const Table& table, Profile& out, const Advance& advance,
                          std::size_t all) {
  std::vector<const Field*> numbers;
  std::vector<std::size_t> places;
  std::size_t done = 0;
  for (const auto& field : table.fields()) {
    out.columns.push_back({.field = field});
    if (!field.is_text()) {
      numbers.push_back(&field);
      places.push_back(out.columns.size() - 1);
      continue;
    }
    SW_TRY(out.columns.back(), profile_of_texts(table, field));
    advance(++done, all);
  }
  const auto step = columns_at_once(table.rows());
  for (std::size_t begin = 0; begin < numbers.size(); begin += step) {
    const auto end = std::min(begin + step, numbers.size());
    SW_TRY(auto read, read_numbers(table, {numbers.begin() + static_cast<long>(begin),
                                           numbers.begin() + static_cast<long>(end)}));
    for (std::size_t i = begin; i < end; ++i) {
      out.columns[places[i]] = profile_of_numbers(*numbers[i], std::move(read[i - begin]));
      advance(++done, all);
    }
  }
  return {};
}

// NaN is missing, and missing equals missing.
std::string comparable(const Field& field) {
  const auto name = Table::quoted(field.name);
  if (field.type != Type::real) return name;
  const auto number = "CAST(" + name + " AS DOUBLE)";
  return "(CASE WHEN isnan(" + number + ") THEN NULL ELSE " + number + " END)";
}

// Rows are compared by a hash of 62 bits: among a million rows one collision in nine million files.
// Of so many bits each pattern is a number, and another one for each.
Result<void> count_rows(const Table& table, Profile& out) {
  if (table.fields().empty() || table.rows() == 0) return {};
  std::string all;
  std::string least;
  bool full = false;
  for (std::size_t i = 0; i < table.fields().size(); ++i) {
    const auto value = comparable(table.fields()[i]);
    all += (all.empty() ? "" : ", ") + value;
    least += (least.empty() ? "" : ", ") + ("(" + value + " IS NULL)");
    full = full || out.columns[i].nulls == 0;
  }
  OrderedColumn rows(static_cast<std::size_t>(table.rows()));
  std::vector<double> scratch;
  SW_CHECK_OK(table.scan_bits("hash(" + all + ") >> 2", [&](const auto& columns) {
    return rows.add({columns[0].values, columns[0].rows}, scratch);
  }));
  SW_CHECK_OK(rows.finish(scratch));
  std::int64_t distinct = 0;
  runs_of(rows, [&](double, std::int64_t) { ++distinct; });
  out.duplicate_rows = table.rows() - distinct;
  if (full) return {};  // a column without gaps: no row is empty
  SW_TRY(const auto counted, table.numbers("count(*) FILTER (least(" + least + "))"));
  out.empty_rows = static_cast<std::int64_t>(counted[0]);
  return {};
}

void list_columns(Profile& out) {
  for (const auto& column : out.columns) {
    out.missing_cells += column.nulls;
    if (column.count == 0) out.empty_columns.push_back(column.field.name);
    if (column.unique <= 1) out.constant_columns.push_back(column.field.name);
    if (column.most_common.empty()) continue;
    const auto most = static_cast<double>(column.most_common[0].second);
    if (most >= kAlmostConstant * static_cast<double>(out.rows)) {
      out.almost_constant_columns.push_back(column.field.name);
    }
  }
}

// Columns can only be equal when their summaries are; few pairs are left to compare row by row.
Result<void> find_duplicate_columns(const Table& table, Profile& out) {
  using Summary = std::tuple<int, std::int64_t, std::int64_t, double, double, double>;
  std::map<Summary, std::vector<const ColumnProfile*>> alike;
  for (const auto& column : out.columns) {
    // Integers with missing ones are read as real numbers by everybody else.
    const bool real = column.field.type == Type::real || (is_number(column.field) && column.nulls);
    const auto kind = static_cast<int>(real ? Type::real : column.field.type);
    alike[{kind, column.count, column.unique, column.min.value_or(0), column.max.value_or(0),
           column.most_common.empty() ? 0.0 : static_cast<double>(column.most_common[0].second)}]
        .push_back(&column);
  }
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < out.columns.size(); ++i) place[out.columns[i].field.name] = i;
  for (const auto& [summary, columns] : alike) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      std::string differing;
      for (std::size_t k = i + 1; k < columns.size(); ++k) {
        differing += (differing.empty() ? "" : ", ") +
                     ("count(*) FILTER (" + comparable(columns[i]->field) + " IS DISTINCT FROM " +
                      comparable(columns[k]->field) + ")");
      }
      if (differing.empty()) continue;
      SW_TRY(const auto counts, table.numbers(differing));
      for (std::size_t k = i + 1; k < columns.size(); ++k) {
        if (counts[k - i - 1] > 0) continue;
        out.duplicate_columns.push_back({columns[i]->field.name, columns[k]->field.name});
      }
    }
  }
  std::sort(out.duplicate_columns.begin(), out.duplicate_columns.end(),
            [&](const auto& a, const auto& b) {
              return std::pair(place[a.first], place[a.second]) <
                     std::pair(place[b.first], place[b.second]);
            });
  return {};
}

}  // namespace

Result<Profile> profile_of(const Table& table, const Advance& advance) {
  Profile out{.rows = table.rows()};
  const auto all = table.fields().size() + 2;
  std::vector<std::string> numerical;
  std::vector<std::string> categorical;
  SW_CHECK_OK(read_columns(table, out, advance, all));
  for (const auto& column : out.columns) {
    using stats::ColumnType;
    if (column.unique <= 1) continue;
    if (column.type == ColumnType::numerical) numerical.push_back(column.field.name);
    if (column.type == ColumnType::categorical) categorical.push_back(column.field.name);
  }
  list_columns(out);
  SW_CHECK_OK(count_rows(table, out));
  SW_CHECK_OK(find_duplicate_columns(table, out));
  advance(all - 1, all);
  SW_TRY(out.correlations, correlate(table, numerical, categorical));
  advance(all, all);
  return out;
}

}  // namespace slipway::analysis
