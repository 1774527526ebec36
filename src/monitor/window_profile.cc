// SPDX-License-Identifier: Apache-2.0
#include "monitor/window_profile.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "json/value.h"
#include "pack.h"

namespace slipway::monitor {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kBins = 20;
constexpr std::size_t kMostShown = 50;

void pack_column(const SketchedColumn& column, PackWriter& out) {
  out.text(column.field.name);
  out.number(column.field.text ? 1 : 0);
  for (const auto n : {column.missing, column.infinite, column.present, column.moments.count}) {
    out.signed_number(n);
  }
  const auto& m = column.moments;
  for (const double x : {m.mean, m.squares, m.min, m.max}) out.float64(x);
  out.signed_number(column.quantiles.count());
  out.number(column.quantiles.rows().size());
  for (const auto& row : column.quantiles.rows()) {
    out.number(row.size());
    for (const double x : row) out.float64(x);
  }
  const auto& registers = column.distinct.registers();
  out.text({reinterpret_cast<const char*>(registers.data()), registers.size()});
  out.signed_number(column.frequent.error());
  out.number(column.frequent.counts().size());
  for (const auto& [value, rows] : column.frequent.counts()) {
    out.text(value);
    out.signed_number(rows);
  }
}

void unpack_quantiles(PackReader& in, SketchedColumn& column) {
  const auto count = in.signed_number();
  std::vector<std::vector<double>> rows(std::min<std::size_t>(in.count(), 60));
  for (auto& row : rows) {
    row.resize(in.count());
    for (double& x : row) x = in.float64();
  }
  column.quantiles = stats::Quantiles::of(std::move(rows), count);
}

bool unpack_column(PackReader& in, SketchedColumn& column) {
  column.field.name = in.text();
  column.field.text = in.number() != 0;
  auto& m = column.moments;
  for (auto* n : {&column.missing, &column.infinite, &column.present, &m.count}) {
    *n = in.signed_number();
  }
  for (auto* x : {&m.mean, &m.squares, &m.min, &m.max}) *x = in.float64();
  unpack_quantiles(in, column);
  const auto registers = in.text();
  if (registers.size() != stats::Distinct::kRegisters) return false;
  std::copy(registers.begin(), registers.end(), column.distinct.registers().begin());
  const auto error = in.signed_number();
  std::map<std::string, std::int64_t, std::less<>> counts;
  const std::size_t size = in.count();
  for (std::size_t i = 0; i < size && in.ok(); ++i) {
    std::string value(in.text());
    counts[std::move(value)] = in.signed_number();
  }
  column.frequent = stats::Frequent::of(std::move(counts), error);
  return in.ok();
}

void add_numbers(const SketchedColumn& column, json::object& out) {
  const auto& m = column.moments;
  if (m.count == 0) return;
  out["min"] = m.min;
  out["max"] = m.max;
  out["mean"] = m.mean;
  out["std"] = m.deviation();
  json::object quantiles;
  for (const double q : {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99}) {
    quantiles[number_text(q)] = column.quantiles.at(q).value_or(m.mean);
  }
  out["quantiles"] = std::move(quantiles);
  json::array shares;
  const double width = (m.max - m.min) / kBins;
  double below = 0;
  for (std::size_t i = 1; i <= kBins; ++i) {
    const double edge = m.min + width * static_cast<double>(i);
    const double rank = i == kBins ? 1 : column.quantiles.rank(edge);
    shares.push_back(rank - below);
    below = rank;
  }
  out["histogram"] = json::object{{"from", m.min}, {"to", m.max}, {"shares", std::move(shares)}};
}

json::object column_json(const SketchedColumn& column) {
  json::object out{
      {"name", column.field.name},   {"type", column.field.text ? "text" : "number"},
      {"present", column.present},   {"missing", column.missing},
      {"infinite", column.infinite}, {"distinct", std::round(column.distinct.estimate())}};
  if (!column.field.text) add_numbers(column, out);
  json::array most;
  for (const auto& [value, rows] : column.frequent.most(kMostShown)) {
    most.push_back(json::array{value, rows});
  }
  out["most_common"] = std::move(most);
  out["most_common_error"] = column.frequent.error();
  return out;
}

}  // namespace

void merge(WindowProfile& into, const WindowProfile& other) {
  into.from = into.rows == 0 ? other.from : std::min(into.from, other.from);
  into.to = std::max(into.to, other.to);
  into.rows += other.rows;
  into.failed += other.failed;
  into.windows += other.windows;
  for (const auto& column : other.columns) {
    const auto same = std::find_if(into.columns.begin(), into.columns.end(),
                                   [&](const auto& c) { return c.field == column.field; });
    if (same == into.columns.end()) {
      into.columns.push_back(column);
      continue;
    }
    same->missing += column.missing;
    same->infinite += column.infinite;
    same->present += column.present;
    same->moments.merge(column.moments);
    same->quantiles.merge(column.quantiles);
    same->distinct.merge(column.distinct);
    same->frequent.merge(column.frequent);
  }
}

std::string pack_window(const WindowProfile& profile) {
  PackWriter out;
  out.number(kFormat);
  out.signed_number(profile.failed);
  out.number(profile.columns.size());
  for (const auto& column : profile.columns) pack_column(column, out);
  return out.finish();
}

Result<void> unpack_window(std::string_view bytes, WindowProfile& into) {
  PackReader in(bytes);
  bool good = in.number() == kFormat;
  into.failed = in.signed_number();
  const std::size_t columns = in.count();
  for (std::size_t i = 0; i < columns && good; ++i) {
    good = unpack_column(in, into.columns.emplace_back());
  }
  if (!good || !in.ok()) return Error{Code::data_loss, "the profile of a window is damaged", ""};
  return {};
}

std::string window_profile_json(const WindowProfile& profile,
                                const std::set<std::string>& versions) {
  json::array columns;
  for (const auto& column : profile.columns) columns.push_back(column_json(column));
  json::array names;
  for (const auto& name : versions) names.push_back(json::value(name));
  const bool any = profile.windows > 0;
  return json::dump_value(
      json::object{{"endpoint", profile.endpoint},
                   {"from", any ? json::value(to_rfc3339(profile.from)) : json::value(nullptr)},
                   {"to", any ? json::value(to_rfc3339(profile.to)) : json::value(nullptr)},
                   {"windows", profile.windows},
                   {"rows", profile.rows},
                   {"failed_rows", profile.failed},
                   {"versions", std::move(names)},
                   {"columns", std::move(columns)}});
}

}  // namespace slipway::monitor
