// SPDX-License-Identifier: Apache-2.0
#include "analysis/column_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace slipway::analysis {
namespace {

using drivers::duckdb::Piece;
using drivers::duckdb::Type;

constexpr std::size_t kValuesAtOnce = std::size_t{1} << 21;
constexpr std::size_t kMostAtOnce = 16;
constexpr std::size_t kChunk = 2'048;
constexpr std::int64_t kMostDistinctTexts =
    200'000;  // counted of a column whose texts mostly differ
constexpr std::int64_t kMostCategories = 2'000'000;

// The finite values of a slice, and how many are infinite.
struct Finite {
  std::array<double, kChunk> values;
  std::size_t count = 0;
  std::int64_t infinite = 0;
  std::int64_t high = 0;  // of those

  void take(const Table::Numbers& slice, std::size_t begin, std::size_t end) {
    constexpr double kMost = std::numeric_limits<double>::max();
    count = 0;
    infinite = 0;
    high = 0;
    const auto keep = [&](double x) {
      const double size = std::abs(x);
      values[count] = x + 0.0;  // one zero, not two
      count += size <= kMost ? 1 : 0;
      infinite += size > kMost ? 1 : 0;
      high += x > kMost ? 1 : 0;
    };
    if (slice.there == nullptr) {
      for (std::size_t i = begin; i < end; ++i) keep(slice.values[i]);
      return;
    }
    constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t i = begin; i < end; ++i) {
      const bool there = ((slice.there[i / 64] >> (i % 64)) & 1U) != 0;
      keep(there ? slice.values[i] : kMissing);
    }
  }
};

}  // namespace

std::size_t columns_at_once(std::int64_t rows) {
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(rows, 1));
  return std::clamp<std::size_t>(kValuesAtOnce / size, 1, kMostAtOnce);
}

Result<std::vector<ColumnData>> read_numbers(const Table& table,
                                             const std::vector<const Field*>& fields) {
  std::vector<std::string> names;
  std::vector<ColumnData> out(fields.size());
  for (std::size_t k = 0; k < fields.size(); ++k) {
    names.push_back(fields[k]->name);
    out[k].numbers = std::make_unique<OrderedColumn>(static_cast<std::size_t>(table.rows()));
  }
  if (fields.empty()) return out;
  std::vector<double> scratch;
  Finite finite;
  SW_CHECK_OK(
      table.scan_numbers(names, [&](const std::vector<Table::Numbers>& slices) -> Result<void> {
        for (std::size_t k = 0; k < slices.size(); ++k) {
          for (std::size_t begin = 0; begin < slices[k].rows; begin += kChunk) {
            finite.take(slices[k], begin, std::min(slices[k].rows, begin + kChunk));
            out[k].facts.infinite += finite.infinite;
            out[k].infinite_high += finite.high;
            SW_CHECK_OK(out[k].numbers->add({finite.values.data(), finite.count}, scratch));
          }
        }
        return {};
      }));
  for (std::size_t k = 0; k < fields.size(); ++k) {
    auto& facts = out[k].facts;
    SW_CHECK_OK(out[k].numbers->finish(scratch));
    facts.present = static_cast<std::int64_t>(out[k].numbers->size());
    facts.missing = table.rows() - facts.present - facts.infinite;
    facts.distinct = static_cast<std::int64_t>(stats::distinct_values(*out[k].numbers, 11).size());
    facts.type = type_of(*fields[k], facts);
  }
  return out;
}

Result<ColumnData> read_texts(const Table& table, const Field& field) {
  ColumnData out;
  auto& facts = out.facts;
  SW_CHECK_OK(table.counts(field.name, [&](const Piece& values, const auto& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto count = static_cast<std::int64_t>(counts[i]);
      facts.present += count;
      ++facts.distinct;
      const bool texts = facts.distinct * 2 > table.rows() && facts.distinct > kMostDistinctTexts;
      if (texts || facts.distinct > kMostCategories) {
        out.counts = {};
        out.too_many = true;
      } else {
        out.counts.emplace_back(values.texts[i], count);
      }
    }
    return Result<void>{};
  }));
  facts.missing = table.rows() - facts.present;
  facts.type = type_of(field, facts);
  return out;
}

Result<std::vector<std::string>> some_texts(const Table& table, const Field& field,
                                            const ColumnFacts& facts, std::size_t most) {
  std::vector<std::string> out;
  const auto all = static_cast<std::size_t>(facts.present);
  const auto wanted = std::min(all, most);
  out.reserve(wanted);
  std::size_t seen = 0;
  SW_CHECK_OK(table.scan({field.name}, [&](const std::vector<Piece>& columns, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
      if (columns[0].missing[i]) continue;
      const auto place = seen++;
      if (out.size() == wanted || place != (2 * out.size() + 1) * all / (2 * wanted)) continue;
      out.push_back(columns[0].texts[i]);
    }
    return Result<void>{};
  }));
  return out;
}

stats::Sample sample_of(const Field& field, ColumnData& data, stats::ColumnType type) {
  using stats::ColumnType;
  const bool text = field.is_text();
  if (text && type == ColumnType::numerical) type = ColumnType::categorical;
  stats::Sample out{.type = type, .nulls = data.facts.missing, .infinite = data.facts.infinite};
  const bool counted = type == ColumnType::numerical || type == ColumnType::categorical;
  if (!counted || data.too_many) {
    if (data.facts.present > 0) out.counts[""] = data.facts.present;
    if (data.too_many) out.type = ColumnType::text;
  } else if (text) {
    std::sort(data.counts.begin(), data.counts.end());
    for (auto& [value, count] : data.counts) {
      out.counts.emplace_hint(out.counts.end(), std::move(value), count);
    }
    data.counts = {};
  } else if (type == ColumnType::numerical) {
    out.values = data.numbers->take();
  } else {
    const auto& numbers = *data.numbers;
    for (std::size_t at = 0; at < numbers.size();) {
      const auto block = numbers.from(at);
      for (std::size_t i = 0; i < block.size();) {
        std::size_t end = i + 1;
        while (end < block.size() && block[end] == block[i]) ++end;
        out.counts[number_text(block[i])] += static_cast<std::int64_t>(end - i);
        i = end;
      }
      at += block.size();
    }
  }
  return out;
}

}  // namespace slipway::analysis
