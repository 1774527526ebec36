// SPDX-License-Identifier: Apache-2.0
#include "analysis/drift.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "analysis/column_reader.h"
#include "analysis/values.h"
#include "base/text.h"
#include "json/value.h"
#include "stats/findings.h"

namespace slipway::analysis {
namespace {

constexpr std::size_t kBins = 32;
constexpr std::size_t kBars = 10;
constexpr std::size_t kMostLabel = 60;

// Where `share` of an ascending sample lies below.
double quantile(const stats::Ordered& ascending, double share) {
  const auto last = static_cast<double>(ascending.size() - 1);
  return ascending.at(static_cast<std::size_t>(share * last));
}

std::vector<double> binned(const stats::Ordered& ascending, double low, double high) {
  std::vector<double> out;
  const double width = (high - low) / static_cast<double>(kBins);
  std::size_t begin = 0;
  for (std::size_t bin = 1; bin <= kBins; ++bin) {
    const auto end = bin == kBins ? ascending.size() : ascending.first([&](double x) {
      return std::floor((x - low) / width) >= static_cast<double>(bin);
    });
    out.push_back(static_cast<double>(end - begin) / static_cast<double>(ascending.size()));
    begin = end;
  }
  return out;
}

// The tails, at most half a percent of either side, are drawn in the bins at the ends.
Picture numbers(const stats::Ordered& was, const stats::Ordered& is) {
  Picture out;
  if (was.size() == 0 || is.size() == 0) return out;
  out.low = std::min(quantile(was, 0.005), quantile(is, 0.005));
  out.high = std::max(quantile(was, 0.995), quantile(is, 0.995));
  if (!(out.high > out.low)) {
    out.low = std::min(was.at(0), is.at(0));
    out.high = std::max(was.at(was.size() - 1), is.at(is.size() - 1));
  }
  if (!(out.high > out.low)) out.high = out.low + 1;
  out.reference = binned(was, out.low, out.high);
  out.current = binned(is, out.low, out.high);
  return out;
}

// The values that are most frequent on either side, and all others together.
Picture categories(const stats::Sample& was, const stats::Sample& is) {
  struct Bar {
    std::string label;
    double was = 0;
    double is = 0;
    double weight() const { return std::max(was, is); }
  };
  std::map<std::string, Bar> bars;
  const auto add = [&](const stats::Counts& counts, double Bar::*side) {
    const auto all = static_cast<double>(stats::total(counts));
    for (const auto& [value, count] : counts) {
      auto& bar = bars[value];
      bar.label = value;
      bar.*side = static_cast<double>(count) / all;
    }
  };
  add(was.counts, &Bar::was);
  add(is.counts, &Bar::is);
  std::vector<Bar> sorted;
  for (auto& [value, bar] : bars) sorted.push_back(std::move(bar));
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Bar& a, const Bar& b) { return a.weight() > b.weight(); });
  if (sorted.size() > kBars) {
    Bar others{.label = std::to_string(sorted.size() - kBars) + " others"};
    for (std::size_t i = kBars; i < sorted.size(); ++i) {
      others.was += sorted[i].was;
      others.is += sorted[i].is;
    }
    sorted.resize(kBars);
    sorted.push_back(std::move(others));
  }
  Picture out;
  for (const auto& bar : sorted) {
    out.labels.push_back(clipped(bar.label, kMostLabel));
    out.reference.push_back(bar.was);
    out.current.push_back(bar.is);
  }
  return out;
}

double share_of(std::int64_t part, std::int64_t all) {
  return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : 0;
}

std::string_view kind_of(const Field& field) {
  using drivers::duckdb::Type;
  switch (field.type) {
    case Type::boolean:
      return "true or false";
    case Type::integer:
    case Type::real:
      return "numbers";
    case Type::time:
      return "times";
    case Type::text:
      return "texts";
    case Type::other:
      break;
  }
  return "nested values";
}

// A column of both tables, as far as it is read.
struct Pair {
  const Field* before = nullptr;
  const Field* now = nullptr;
  std::size_t place = 0;  // in the report
  ColumnData was;
  ColumnData is;
};

struct Tables {
  const Table& reference;
  const Table& current;
};

void find_types(const Pair& pair, std::vector<std::string>& out) {
  if (kind_of(*pair.before) == kind_of(*pair.now)) return;
  out.push_back("the type went from " + std::string(kind_of(*pair.before)) + " (" +
                pair.before->declared + ") to " + std::string(kind_of(*pair.now)) + " (" +
                pair.now->declared + ")");
}

void add(std::vector<std::string>& out, std::optional<std::string> said) {
  if (said) out.push_back(*std::move(said));
}

// Numbers, wherever they are.
void compare_numbers(const stats::Ordered& was, const stats::Ordered& is, bool pictures,
                     DriftedColumn& out) {
  const double low = was.at(0);
  const double high = was.at(was.size() - 1);
  const auto below = is.first([&](double x) { return x >= low; });
  const auto above = is.size() - is.first([&](double x) { return x > high; });
  add(out.findings, stats::out_of_range(low, high, below + above, is.size()));
  if (pictures) out.picture = numbers(was, is);
}

Result<void> read_samples(const Tables& tables, Pair& pair, stats::Sample& was, stats::Sample& is,
                          stats::ColumnType type) {
  was = sample_of(*pair.before, pair.was, type);
  is = sample_of(*pair.now, pair.is, type);
  if (was.type != stats::ColumnType::text || is.type != stats::ColumnType::text) return {};
  SW_TRY(was.texts, some_texts(tables.reference, *pair.before, pair.was.facts, stats::kMostTexts));
  SW_TRY(is.texts, some_texts(tables.current, *pair.now, pair.is.facts, stats::kMostTexts));
  return {};
}

// Types follow the current table; a reference that has another one is compared as far as it goes.
Result<DriftedColumn> compare(const Tables& tables, Pair& pair, const DriftOptions& options) {
  using stats::ColumnType;
  // The method for all leaves the columns alone that it does not apply to; one by name means it.
  const auto rule = options.column_methods.find(pair.now->name);
  const bool named = rule != options.column_methods.end();
  auto method = named ? rule->second : options.method;
  const auto type = pair.is.facts.type;
  if (!named && !stats::supports(method, type)) method = stats::Method::automatic;
  DriftedColumn out{.name = pair.now->name, .type = type};
  out.reference_nulls = share_of(pair.was.facts.missing, tables.reference.rows());
  out.current_nulls = share_of(pair.is.facts.missing, tables.current.rows());
  find_types(pair, out.findings);
  add(out.findings, stats::null_change(pair.was.facts.missing, tables.reference.rows(),
                                       pair.is.facts.missing, tables.current.rows()));
  const bool large = type == ColumnType::numerical && pair.was.numbers && pair.is.numbers &&
                     (!pair.was.numbers->in_memory() || !pair.is.numbers->in_memory());
  if (large && stats::streams(method) && pair.was.facts.present > 0) {
    out.drift = stats::compare(*pair.was.numbers, *pair.is.numbers, method, options.threshold);
    compare_numbers(*pair.was.numbers, *pair.is.numbers, options.pictures, out);
    return out;
  }
  stats::Sample was;
  stats::Sample is;
  SW_CHECK_OK(read_samples(tables, pair, was, is, type));
  out.drift = stats::compare(was, is, method, options.threshold);
  if (out.drift.score) out.drift.effect = stats::effect_of(was, is);
  if (was.size() == 0 || is.size() == 0) return out;
  if (was.type == ColumnType::categorical && is.type == ColumnType::categorical) {
    add(out.findings, stats::new_values(was.counts, is.counts));
    if (options.pictures) out.picture = categories(was, is);
  } else if (was.type == ColumnType::numerical && is.type == ColumnType::numerical) {
    compare_numbers(stats::InMemory(was.values), stats::InMemory(is.values), options.pictures, out);
  }
  return out;
}

// As many as fit into memory at once, so that wide files are not opened for each column.
Result<void> read(const Tables& tables, std::span<Pair> pairs) {
  std::vector<const Field*> before;
  std::vector<const Field*> now;
  for (const auto& pair : pairs) {
    if (!pair.before->is_text()) before.push_back(pair.before);
    if (!pair.now->is_text()) now.push_back(pair.now);
  }
  SW_TRY(auto was, read_numbers(tables.reference, before));
  SW_TRY(auto is, read_numbers(tables.current, now));
  std::size_t i = 0;
  std::size_t j = 0;
  for (auto& pair : pairs) {
    if (!pair.before->is_text()) {
      pair.was = std::move(was[i++]);
    } else {
      SW_TRY(pair.was, read_texts(tables.reference, *pair.before));
    }
    if (!pair.now->is_text()) {
      pair.is = std::move(is[j++]);
    } else {
      SW_TRY(pair.is, read_texts(tables.current, *pair.now));
    }
  }
  return {};
}

DriftedColumn missing(const std::string& name, const std::string& where) {
  DriftedColumn out{.name = name, .absent = true};
  out.drift.error = "the column is not in the " + where + " file";
  return out;
}

void judge(DriftReport& out, const DriftOptions& options) {
  std::vector<stats::ColumnDrift*> columns;
  for (auto& column : out.columns) columns.push_back(&column.drift);
  stats::correct(columns, options.correction);
  for (auto* drift : columns) {
    if (drift->p_value && drift->effect.value_or(0) < options.min_effect) drift->drifted = false;
  }
  for (const auto& column : out.columns) {
    out.tested += column.drift.score ? 1 : 0;
    out.drifted_columns += column.drift.drifted ? 1 : 0;
  }
  if (out.tested == 0) return;
  out.share = static_cast<double>(out.drifted_columns) / static_cast<double>(out.tested);
  out.drifted = out.drifted_columns > 0 && out.share >= options.drift_share;
}

json::value maybe(const std::optional<double>& x) {
  return x ? json::value(*x) : json::value(nullptr);
}

json::array texts(const std::vector<std::string>& from) {
  json::array out;
  for (const auto& text : from) out.push_back(json::value(text));
  return out;
}

// Of the columns that have changed most, whether that is called drift or not: what is large in a
// small part of the rows is small in all of them.
Result<std::vector<stats::Segment>> segments_of(const DriftReport& report, const Table& reference,
                                                const Table& current) {
  constexpr std::size_t kMostTargets = 8;
  SW_TRY(const auto common, common_columns(reference, current));
  std::vector<std::pair<double, std::size_t>> order;
  for (const auto& column : report.columns) {
    const auto at = std::find(common.names.begin(), common.names.end(), column.name);
    if (at == common.names.end()) continue;
    order.emplace_back(-column.drift.effect.value_or(0),
                       static_cast<std::size_t>(at - common.names.begin()));
  }
  std::sort(order.begin(), order.end());
  if (order.size() > kMostTargets) order.resize(kMostTargets);
  std::vector<std::size_t> targets;
  for (const auto& [effect, place] : order) targets.push_back(place);
  SW_TRY(const auto before, features_of(reference, common.names, common.categorical));
  SW_TRY(const auto now, features_of(current, common.names, common.categorical));
  return stats::find_segments(before, now, targets);
}

json::array segments_json(const std::vector<stats::Segment>& segments) {
  json::array out;
  for (const auto& segment : segments) {
    out.push_back(json::object{{"column", segment.column},
                               {"conditions", texts(segment.conditions)},
                               {"reference_rows", segment.reference_rows},
                               {"current_rows", segment.current_rows},
                               {"effect", segment.effect},
                               {"effect_elsewhere", segment.effect_elsewhere},
                               {"p_value", segment.p_value}});
  }
  return out;
}

json::object multivariate_json(const Multivariate& found) {
  json::object out{
      {"reference_rows", found.reference_rows},
      {"current_rows", found.current_rows},
      {"columns", texts(found.columns)},
      {"error", found.error.empty() ? json::value(nullptr) : json::value(found.error)}};
  if (!found.error.empty()) return out;
  json::object importance;
  for (const auto& [name, share] : found.classifier.importance) importance[name] = share;
  out["domain_classifier"] =
      json::object{{"roc_auc", found.classifier.roc_auc},
                   {"standard_error", found.classifier.standard_error},
                   {"p_value", found.classifier.p_value},
                   {"judged_rows", found.classifier.reference_rows + found.classifier.current_rows},
                   {"importance", std::move(importance)}};
  if (!found.numerical_error.empty()) return out;
  out["pca_reconstruction"] =
      json::object{{"columns", texts(found.numerical)},
                   {"components", found.reconstruction.components},
                   {"reference_error", found.reconstruction.reference_error},
                   {"reference_deviation", found.reconstruction.reference_deviation},
                   {"current_error", found.reconstruction.current_error},
                   {"p_value", found.reconstruction.p_value}};
  out["mmd"] = json::object{{"statistic", found.discrepancy.statistic},
                            {"p_value", found.discrepancy.p_value}};
  return out;
}

}  // namespace

Result<DriftReport> drift_of(const Table& reference, const Table& current,
                             const DriftOptions& options, const Advance& advance) {
  DriftReport out{.reference_rows = reference.rows(), .current_rows = current.rows()};
  std::vector<Pair> numbers;
  std::vector<Pair> texts;
  for (const auto& before : reference.fields()) {
    const auto* now = current.find(before.name);
    if (now == nullptr) {
      out.columns.push_back(missing(before.name, "current"));
      out.findings.push_back("column '" + before.name + "' is gone");
      continue;
    }
    const bool number = !before.is_text() && !now->is_text();
    (number ? numbers : texts)
        .push_back({.before = &before, .now = now, .place = out.columns.size()});
    out.columns.push_back({.name = before.name});
  }
  const Tables tables{reference, current};
  const auto at_once = columns_at_once(std::max(reference.rows(), current.rows()));
  std::size_t done = reference.fields().size() - numbers.size() - texts.size();
  for (auto* pairs : {&numbers, &texts}) {
    const auto step = pairs == &numbers ? at_once : 1;
    for (std::size_t begin = 0; begin < pairs->size(); begin += step) {
      const auto some = std::span(*pairs).subspan(begin, std::min(step, pairs->size() - begin));
      SW_CHECK_OK(read(tables, some));
      for (auto& pair : some) {
        SW_TRY(out.columns[pair.place], compare(tables, pair, options));
        pair.was = {};
        pair.is = {};
        advance(++done, reference.fields().size());
      }
    }
  }
  for (const auto& field : current.fields()) {
    if (reference.find(field.name) == nullptr) {
      out.columns.push_back(missing(field.name, "reference"));
      out.findings.push_back("column '" + field.name + "' is not in the reference");
    }
  }
  judge(out, options);
  if (options.multivariate) {
    SW_TRY(out.multivariate, multivariate_of(reference, current));
  }
  if (options.segments) {
    SW_TRY(out.segments, segments_of(out, reference, current));
  }
  return out;
}

std::string drift_json(const DriftReport& report) {
  json::array columns;
  for (const auto& column : report.columns) {
    const auto& drift = column.drift;
    const bool chosen = drift.method != stats::Method::automatic;
    json::object one{
        {"name", column.name},
        {"type", stats::name_of(column.type)},
        {"method", chosen ? json::value(stats::name_of(drift.method)) : json::value(nullptr)},
        {"score", maybe(drift.score)},
        {"p_value", maybe(drift.p_value)},
        {"statistic", maybe(drift.statistic)},
        {"threshold", chosen ? json::value(drift.threshold) : json::value(nullptr)},
        {"effect", maybe(drift.effect)},
        {"adjusted_p_value", maybe(drift.adjusted_p_value)},
        {"drifted", drift.drifted},
        {"findings", texts(column.findings)},
        {"error", drift.error.empty() ? json::value(nullptr) : json::value(drift.error)}};
    if (!drift.words[0].empty() || !drift.words[1].empty()) {
      one["words"] =
          json::object{{"reference", texts(drift.words[0])}, {"current", texts(drift.words[1])}};
    }
    columns.push_back(std::move(one));
  }
  json::object out{{"dataset_drift", report.drifted},
                   {"drift_share", report.share},
                   {"columns", std::move(columns)},
                   {"findings", texts(report.findings)}};
  if (!report.segments.empty()) out["segments"] = segments_json(report.segments);
  if (report.multivariate) out["multivariate"] = multivariate_json(*report.multivariate);
  return json::dump_value(out);
}

}  // namespace slipway::analysis
