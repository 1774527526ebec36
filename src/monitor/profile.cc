// SPDX-License-Identifier: Apache-2.0
#include "monitor/profile.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "json/value.h"
#include "learnt.h"
#include "pack.h"
#include "stats/distance.h"
#include "stats/quality.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostValues = 10'000;
constexpr std::size_t kMostCategories = 1'000;
constexpr std::size_t kHistogramBins = 20;
constexpr std::size_t kMostRows = 2'000;
constexpr std::size_t kMostRowValues = 200'000;
constexpr std::size_t kMostRowColumns = 256;
constexpr std::size_t kMostSampled = 4'000;
constexpr std::size_t kMostSampledColumns = 60;
constexpr std::size_t kMostTextBytes = 200;

// The same choice whenever the same file is given.
void thin_out(std::vector<double>& values) {
  if (values.size() <= kMostValues) return;
  std::uint64_t state = 0x9e3779b97f4a7c15u;
  for (std::size_t i = 0; i < kMostValues; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const std::size_t left = values.size() - i;
    std::swap(values[i], values[i + static_cast<std::size_t>((state >> 33) % left)]);
  }
  values.resize(kMostValues);
  std::sort(values.begin(), values.end());
}

void fill_moments(ProfileColumn& column) {
  const auto& values = column.sample.values;
  if (values.empty()) return;
  column.min = values.front();
  column.max = values.back();
  const double n = static_cast<double>(values.size());
  column.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double x : values) squares += (x - column.mean) * (x - column.mean);
  column.std = values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
}

void keep_frequent(ProfileColumn& column) {
  auto& counts = column.sample.counts;
  if (counts.size() <= kMostCategories) return;
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [value, n] : counts) order.emplace_back(-n, value);
  std::sort(order.begin(), order.end());
  for (std::size_t i = kMostCategories; i < order.size(); ++i) {
    column.other -= order[i].first;
    counts.erase(order[i].second);
  }
}

ProfileColumn column_of(const TableColumn& from) {
  ProfileColumn out{.name = from.name};
  const auto type = type_of(from);
  out.sample = sample_of(from, type);
  out.sample.type = type;
  if (!from.text && type == stats::ColumnType::categorical) {
    out.sample.counts.clear();
    for (const double x : from.numbers) ++out.sample.counts[category_of(x)];
  }
  for (double& x : out.sample.values) x = single(x);
  out.present = out.sample.size();
  out.distinct = type == stats::ColumnType::numerical
                     ? static_cast<std::int64_t>(stats::distinct(out.sample.values))
                     : static_cast<std::int64_t>(out.sample.counts.size());
  fill_moments(out);
  thin_out(out.sample.values);
  keep_frequent(out);
  return out;
}

double quantile(const std::vector<double>& ascending, double q) {
  const double at = q * static_cast<double>(ascending.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, ascending.size() - 1);
  return ascending[low] + (at - static_cast<double>(low)) * (ascending[high] - ascending[low]);
}

void add_numbers(json::object& out, const ProfileColumn& column) {
  const auto& values = column.sample.values;
  out["min"] = column.min;
  out["max"] = column.max;
  out["mean"] = column.mean;
  out["std"] = column.std;
  json::object quantiles;
  for (const double q : {0.05, 0.25, 0.5, 0.75, 0.95}) {
    quantiles[number_text(q)] = quantile(values, q);
  }
  out["quantiles"] = std::move(quantiles);
  const auto shares = stats::binned(values, values, values.front(), values.back(), kHistogramBins);
  json::array bins;
  for (const double share : shares.reference) bins.push_back(share);
  out["histogram"] =
      json::object{{"from", values.front()}, {"to", values.back()}, {"shares", bins}};
}

void add_categories(json::object& out, const ProfileColumn& column) {
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [value, n] : column.sample.counts) order.emplace_back(-n, value);
  std::sort(order.begin(), order.end());
  json::array most;
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 50); ++i) {
    most.push_back(json::array{order[i].second, -order[i].first});
  }
  out["most_common"] = std::move(most);
}

// The same rows whenever the same file is given.
void keep_rows(const Table& table, Profile& out) {
  std::vector<const TableColumn*> columns;
  for (const auto& column : table.columns) {
    if (column.text || columns.size() == kMostRowColumns) continue;
    columns.push_back(&column);
    out.row_columns.push_back(column.name);
  }
  if (columns.empty()) return;
  std::vector<std::size_t> whole;
  for (std::size_t row = 0; row < table.rows; ++row) {
    const bool complete = std::all_of(columns.begin(), columns.end(), [&](const auto* column) {
      return !column->missing[row] && std::isfinite(column->numbers[row]);
    });
    if (complete) whole.push_back(row);
  }
  const auto most = std::min(kMostRows, kMostRowValues / columns.size());
  std::uint64_t state = 0x9e3779b97f4a7c15u;
  for (std::size_t i = 0; whole.size() > most && i < most; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::swap(whole[i], whole[i + static_cast<std::size_t>((state >> 33) % (whole.size() - i))]);
  }
  whole.resize(std::min(whole.size(), most));
  for (const auto row : whole) {
    for (const auto* column : columns) out.row_values.push_back(single(column->numbers[row]));
  }
}

bool is_outcome(const std::string& name) {
  return name == "label" || name == "target";
}

// What a row lost: the log loss of a probability, else the absolute error. NaN: it is not known.
double loss_of(const TableColumn& said, const TableColumn& is, std::size_t row, bool scores) {
  if (said.missing[row] || is.missing[row]) return std::nan("");
  const double truth = is.numbers[row];
  if (scores) return stats::log_loss_of(static_cast<int>(truth), said.numbers[row]);
  return std::abs(truth - said.numbers[row]);
}

// Of numbers: whether all predictions are probabilities of outcomes 0 and 1.
bool are_scores(const TableColumn& said, const TableColumn& is) {
  for (std::size_t row = 0; row < said.numbers.size(); ++row) {
    if (said.missing[row] || is.missing[row]) continue;
    if (!(said.numbers[row] >= 0 && said.numbers[row] <= 1)) return false;
    if (is.numbers[row] != 0 && is.numbers[row] != 1) return false;
  }
  return true;
}

void keep_losses(const Table& table, const std::vector<std::size_t>& rows, Profile& out) {
  const auto* said = table.find("prediction");
  const auto* is = table.find("label") != nullptr ? table.find("label") : table.find("target");
  if (said == nullptr || is == nullptr || said->text || is->text) return;
  const bool scores = are_scores(*said, *is);
  for (const auto row : rows) out.losses.push_back(loss_of(*said, *is, row, scores));
  const bool whole = std::all_of(out.losses.begin(), out.losses.end(),
                                 [](double loss) { return std::isfinite(loss); });
  if (!whole) out.losses.clear();
}

// The same rows whenever the same file is given: evenly spread.
void keep_sample(const Table& table, Profile& out) {
  std::vector<const TableColumn*> columns;
  for (const auto& column : table.columns) {
    if (is_outcome(column.name) || columns.size() == kMostSampledColumns) continue;
    columns.push_back(&column);
  }
  if (columns.empty()) return;
  const auto kept = std::min({table.rows, kMostSampled, kMostRowValues / columns.size()});
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < kept; ++i) rows.push_back(i * table.rows / kept);
  for (const auto* column : columns) {
    auto& feature = out.rows_sample.emplace_back(
        stats::Feature{.name = column->name, .categorical = column->text});
    for (const auto row : rows) {
      if (column->text) {
        feature.texts.push_back(
            column->missing[row] ? std::string() : column->texts[row].substr(0, kMostTextBytes));
      } else {
        const double x = column->missing[row] ? std::nan("") : single(column->numbers[row]);
        feature.numbers.push_back(std::isfinite(x) ? x : std::nan(""));
      }
    }
  }
  keep_losses(table, rows, out);
}

void pack_sample(const Profile& profile, PackWriter& out) {
  out.number(profile.rows_sample.size());
  for (const auto& feature : profile.rows_sample) {
    out.text(feature.name);
    out.number(feature.categorical ? 1 : 0);
    out.number(feature.rows());
    for (const auto& text : feature.texts) out.text(text);
    for (const double x : feature.numbers) out.float64(x);
  }
  out.number(profile.losses.size());
  for (const double x : profile.losses) out.float64(x);
}

// All columns are of one length.
bool unpack_sample(PackReader& in, Profile& out) {
  const std::size_t features = in.count();
  for (std::size_t i = 0; i < features && in.ok(); ++i) {
    auto& feature = out.rows_sample.emplace_back();
    feature.name = in.text();
    feature.categorical = in.number() != 0;
    const std::size_t rows = in.count();
    for (std::size_t row = 0; row < rows && in.ok(); ++row) {
      feature.categorical ? void(feature.texts.emplace_back(in.text()))
                          : feature.numbers.push_back(in.float64());
    }
    if (feature.rows() != out.rows_sample.front().rows()) return false;
  }
  out.losses.resize(in.count());
  for (double& x : out.losses) x = in.float64();
  return out.losses.empty() ||
         (!out.rows_sample.empty() && out.losses.size() == out.rows_sample.front().rows());
}

}  // namespace

const ProfileColumn* Profile::find(std::string_view name) const {
  for (const auto& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

double single(double x) {
  const double out = static_cast<double>(static_cast<float>(x));
  return std::isfinite(out) ? out : x;
}

std::string category_of(double x) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(x)).ptr;
  return {buffer, end};
}

Profile profile_of(const Table& table) {
  Profile out{.rows = static_cast<std::int64_t>(table.rows)};
  for (const auto& column : table.columns) out.columns.push_back(column_of(column));
  keep_rows(table, out);
  keep_sample(table, out);
  learn_quality(table, out);
  return out;
}

std::string pack_profile(const Profile& profile) {
  PackWriter out;
  out.number(4);  // the format
  out.signed_number(profile.rows);
  out.number(profile.columns.size());
  for (const auto& column : profile.columns) {
    out.text(column.name);
    out.number(static_cast<std::uint64_t>(column.sample.type));
    for (const auto n : {column.present, column.distinct, column.other, column.sample.nulls,
                         column.sample.infinite}) {
      out.signed_number(n);
    }
    for (const double x : {column.min, column.max, column.mean, column.std}) out.float64(x);
    out.number(column.sample.values.size());
    for (const double x : column.sample.values) out.float64(x);
    out.number(column.sample.counts.size());
    for (const auto& [value, n] : column.sample.counts) {
      out.text(value);
      out.signed_number(n);
    }
  }
  out.number(profile.row_columns.size());
  for (const auto& name : profile.row_columns) out.text(name);
  out.number(profile.row_values.size());
  for (const double x : profile.row_values) out.float64(x);
  pack_learnt(profile, out);
  pack_sample(profile, out);
  return out.finish();
}

Result<Profile> unpack_profile(std::string_view bytes) {
  PackReader in(bytes);
  Profile out;
  const auto format = in.number();
  // 1: without rows, 2: nothing learnt, 3: only rows of numbers
  const bool known = format >= 1 && format <= 4;
  out.rows = in.signed_number();
  const std::size_t columns = in.count();
  for (std::size_t i = 0; i < columns && in.ok(); ++i) {
    auto& column = out.columns.emplace_back();
    column.name = in.text();
    column.sample.type = static_cast<stats::ColumnType>(in.number());
    for (auto* n : {&column.present, &column.distinct, &column.other, &column.sample.nulls,
                    &column.sample.infinite}) {
      *n = in.signed_number();
    }
    for (auto* x : {&column.min, &column.max, &column.mean, &column.std}) *x = in.float64();
    column.sample.values.resize(in.count());
    for (double& x : column.sample.values) x = in.float64();
    const std::size_t counts = in.count();
    for (std::size_t c = 0; c < counts && in.ok(); ++c) {
      std::string value(in.text());
      column.sample.counts[std::move(value)] = in.signed_number();
    }
  }
  if (format >= 2) {
    const std::size_t names = in.count();
    for (std::size_t i = 0; i < names && in.ok(); ++i) out.row_columns.emplace_back(in.text());
    out.row_values.resize(in.count());
    for (double& x : out.row_values) x = in.float64();
  }
  if (format >= 3) unpack_learnt(in, out);
  const bool sampled = format < 4 || unpack_sample(in, out);
  if (!known || !sampled || !in.ok())
    return Error{Code::data_loss, "a reference profile is damaged", ""};
  return out;
}

std::string profile_json(const Profile& profile) {
  json::array columns;
  for (const auto& column : profile.columns) {
    json::object item{{"name", column.name},
                      {"type", stats::name_of(column.sample.type)},
                      {"count", column.present},
                      {"nulls", column.sample.nulls},
                      {"infinite", column.sample.infinite},
                      {"unique", column.distinct}};
    if (!column.sample.values.empty()) add_numbers(item, column);
    if (!column.sample.counts.empty()) add_categories(item, column);
    columns.push_back(std::move(item));
  }
  return json::dump_value(json::object{{"model", profile.model},
                                       {"version", profile.version},
                                       {"rows", profile.rows},
                                       {"created", to_rfc3339(profile.created)},
                                       {"columns", std::move(columns)}});
}

}  // namespace slipway::monitor
