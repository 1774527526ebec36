// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "answers.h"
#include "base/text.h"
#include "serving/frame.h"
#include "stats/quality.h"

namespace slipway::app {
namespace {

using monitor::Table;
using monitor::TableColumn;
using serving::Target;
using serving::Tensor;
using serving::Tensors;

constexpr std::size_t kRowLimit = 50'000;
constexpr std::size_t kRowsAtOnce = 512;
constexpr std::size_t kGroupLimit = 1'000;
constexpr std::size_t kSliceRows = 30;
constexpr int kWarmUps = 20;
constexpr int kTimed = 300;
constexpr int kTimedAtLeast = 30;  // of a slow version: what fits in this time, but so many
constexpr std::int64_t kTimeNs = 3'000'000'000;

// The columns of the table in the order that the version wants.
Result<std::vector<const TableColumn*>> features_of(const Target& target, const Table& table) {
  if (!target.layout().is_table()) return invalid("the version's input is no table");
  auto names = target.layout().names();
  std::vector<const TableColumn*> out;
  if (names.empty()) {
    for (const auto& column : table.columns) {
      if (column.name != "label") out.push_back(&column);
    }
    return out;
  }
  for (const auto& name : names) {
    const auto* column = table.find(name);
    if (column == nullptr) return invalid("evaluation.csv lacks the column '" + name + "'");
    out.push_back(column);
  }
  return out;
}

Result<void> put(serving::FrameBuilder& frame, std::size_t at, const TableColumn& column,
                 std::size_t row) {
  if (column.missing[row]) return frame.put_null(at);
  if (column.text) return frame.put_text(at, column.texts[row]);
  if (column.integers) return frame.put(at, static_cast<std::int64_t>(column.numbers[row]));
  return frame.put(at, column.numbers[row]);
}

Result<Tensors> tensors_of(const Target& target, const std::vector<const TableColumn*>& features,
                           const std::vector<std::size_t>& rows, std::size_t from, std::size_t to) {
  serving::FrameBuilder frame(target.layout());
  if (target.layout().has_names()) {
    std::vector<std::string> names;
    names.reserve(features.size());
    for (const auto* column : features) names.push_back(column->name);
    SW_CHECK_OK(frame.set_columns(names));
  } else {
    SW_CHECK_OK(frame.set_width(features.size()));
  }
  for (std::size_t i = from; i < to; ++i) {
    frame.begin_row();
    for (std::size_t c = 0; c < features.size(); ++c) {
      SW_CHECK_OK(put(frame, c, *features[c], rows[i]));
    }
    SW_CHECK_OK(frame.end_row());
  }
  return frame.finish();
}

Result<Answers> answer(const Target& target, const std::vector<const TableColumn*>& features,
                       const std::vector<std::size_t>& rows) {
  Answers out;
  for (std::size_t from = 0; from < rows.size(); from += kRowsAtOnce) {
    const auto to = std::min(rows.size(), from + kRowsAtOnce);
    SW_TRY(auto inputs, tensors_of(target, features, rows, from, to));
    SW_TRY(const auto outputs, target.infer_and_wait({.inputs = std::move(inputs)}));
    if (outputs.empty()) return invalid("the version answers nothing");
    add_answers(outputs, to - from, out);
  }
  return out;
}

Result<void> time_single_rows(Clock& clock, const Target& target,
                              const std::vector<const TableColumn*>& features,
                              const std::vector<std::size_t>& rows, govern::Facts& facts) {
  std::vector<double> took;
  const auto start = clock.monotonic_ns();
  for (int i = 0; i < kWarmUps + kTimed; ++i) {
    const bool late = clock.monotonic_ns() - start > kTimeNs;
    if (late && i >= kWarmUps + kTimedAtLeast) break;
    const auto row = static_cast<std::size_t>(i) % rows.size();
    SW_TRY(auto inputs, tensors_of(target, features, rows, row, row + 1));
    const auto began = clock.monotonic_ns();
    SW_CHECK_OK(target.infer_and_wait({.inputs = std::move(inputs)}));
    if (i >= kWarmUps) took.push_back(static_cast<double>(clock.monotonic_ns() - began) / 1e6);
  }
  std::sort(took.begin(), took.end());
  facts.latency["p50_ms"] = took[took.size() / 2];
  facts.latency["p99_ms"] = took[took.size() * 99 / 100];
  return {};
}

std::string cell_text(const TableColumn& column, std::size_t row) {
  if (column.missing[row]) return "";
  return column.text ? column.texts[row] : number_text(column.numbers[row]);
}

void add_fairness(const Table& table, const std::vector<std::size_t>& rows,
                  const std::vector<std::string>& groups, const std::vector<int>& truth,
                  const std::vector<int>& predicted, govern::Facts& facts) {
  for (const auto& name : groups) {
    const auto* column = table.find(name);
    if (column == nullptr) continue;
    std::map<std::string, std::size_t> numbers;
    std::vector<std::size_t> group;
    group.reserve(rows.size());
    for (const auto row : rows) {
      group.push_back(numbers.emplace(cell_text(*column, row), numbers.size()).first->second);
    }
    if (numbers.size() > kGroupLimit) continue;
    const auto fair = stats::fairness(truth, predicted, group, numbers.size());
    facts.fairness[name] = {{"demographic_parity_difference", fair.demographic_parity_difference},
                            {"demographic_parity_ratio", fair.demographic_parity_ratio},
                            {"equalized_odds_difference", fair.equalized_odds_difference},
                            {"equalized_odds_ratio", fair.equalized_odds_ratio}};
  }
}

bool more_is_better(const std::string& metric) {
  return metric != "log_loss" && metric != "mae" && metric != "rmse";
}

Truth part_of(const Truth& truth, const std::vector<std::size_t>& places) {
  Truth out;
  for (const auto i : places) {
    truth.texts.empty() ? out.numbers.push_back(truth.numbers[i])
                        : out.texts.push_back(truth.texts[i]);
  }
  return out;
}

Answers part_of(const Answers& answers, const std::vector<std::size_t>& places) {
  Answers out{.width = answers.width};
  for (const auto i : places) {
    const auto from = answers.numbers.begin() + static_cast<std::ptrdiff_t>(i * answers.width);
    if (answers.width > 0) {
      out.numbers.insert(out.numbers.end(), from,
                         from + static_cast<std::ptrdiff_t>(answers.width));
    }
    if (!answers.classes.empty()) out.classes.push_back(answers.classes[i]);
  }
  return out;
}

// The worst of each metric over the values of a column.
void add_slices(const Table& table, const std::vector<std::size_t>& rows,
                const std::vector<std::string>& slices, const Truth& truth, const Answers& answers,
                std::map<std::string, double>& metrics) {
  for (const auto& name : slices) {
    const auto* column = table.find(name);
    if (column == nullptr) continue;
    std::map<std::string, std::vector<std::size_t>> places;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      places[cell_text(*column, rows[i])].push_back(i);
    }
    if (places.size() > kGroupLimit) continue;
    for (const auto& [value, those] : places) {
      if (those.size() < kSliceRows) continue;
      std::map<std::string, double> found;
      if (!add_quality(part_of(truth, those), part_of(answers, those), found)) continue;
      for (const auto& [metric, x] : found) {
        const auto [at, fresh] = metrics.emplace(metric + " by " + name, x);
        if (std::isnan(at->second) || (more_is_better(metric) ? x < at->second : x > at->second)) {
          at->second = x;
        }
      }
    }
  }
}

double mib_of(const std::string& folder) {
  std::error_code ec;
  std::uintmax_t bytes = 0;
  for (std::filesystem::recursive_directory_iterator at(folder, ec), end; !ec && at != end;
       at.increment(ec)) {
    if (at->is_regular_file(ec)) bytes += at->file_size(ec);
  }
  return static_cast<double>(bytes) / (1 << 20);
}

// The rows with a label, and the labels.
Result<std::vector<std::size_t>> labelled_rows(const Table& table, Truth& truth) {
  const auto* label = table.find("label");
  if (label == nullptr) return invalid("evaluation.csv has no column 'label'");
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < table.rows && rows.size() < kRowLimit; ++i) {
    if (label->missing[i]) continue;
    rows.push_back(i);
    if (label->text) {
      truth.texts.push_back(label->texts[i]);
    } else {
      truth.numbers.push_back(label->numbers[i]);
    }
  }
  if (rows.empty()) return invalid("evaluation.csv has no row with a label");
  return rows;
}

Result<void> measure_all(serving::Endpoints& endpoints, Clock& clock, const std::string& model,
                         std::int64_t version, const Table& table, const Wanted& wanted,
                         govern::Facts& facts) {
  Truth truth;
  SW_TRY(const auto rows, labelled_rows(table, truth));
  SW_TRY(const auto target, endpoints.open(model, std::to_string(version)));
  SW_TRY(const auto features, features_of(target, table));
  SW_TRY(const auto answers, answer(target, features, rows));
  SW_CHECK_OK(add_quality(truth, answers, facts.metrics));
  if (truth.binary()) {
    add_fairness(table, rows, wanted.groups, truth.classes(), binary_answers(answers), facts);
  }
  add_slices(table, rows, wanted.slices, truth, answers, facts.metrics);
  facts.metrics["size_mib"] = mib_of(target.package().folder);
  SW_CHECK_OK(time_single_rows(clock, target, features, rows, facts));
  facts.source = "measured on " + std::to_string(rows.size()) + " rows of evaluation.csv";
  return {};
}

}  // namespace

govern::Facts measure(serving::Endpoints& endpoints, Clock& clock, const std::string& model,
                      std::int64_t version, const Table& table, const Wanted& wanted) {
  govern::Facts facts;
  const auto done = measure_all(endpoints, clock, model, version, table, wanted, facts);
  if (!done) facts.source = "not measured: " + done.error().message;
  return facts;
}

void measure_recent(serving::Endpoints& endpoints, const std::string& model, std::int64_t version,
                    const Table& table, const Wanted& wanted, govern::Facts& facts) {
  const auto measured = [&]() -> Result<void> {
    Truth truth;
    SW_TRY(const auto rows, labelled_rows(table, truth));
    SW_TRY(const auto target, endpoints.open(model, std::to_string(version)));
    SW_TRY(const auto features, features_of(target, table));
    SW_TRY(const auto answers, answer(target, features, rows));
    std::map<std::string, double> metrics;
    SW_CHECK_OK(add_quality(truth, answers, metrics));
    add_slices(table, rows, wanted.slices, truth, answers, metrics);
    for (const auto& [name, x] : metrics) facts.metrics["recent:" + name] = x;
    facts.source += "; recent: " + std::to_string(rows.size()) + " labelled requests";
    return {};
  }();
  if (!measured) facts.source += "; recent requests not measured: " + measured.error().message;
}

}  // namespace slipway::app
