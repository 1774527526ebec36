// SPDX-License-Identifier: Apache-2.0
#include "window.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "quality.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostTexts = 10'000;

void add_number(WindowColumn& column, double x) {
  if (std::isnan(x)) {
    ++column.nulls;
  } else if (std::isinf(x)) {
    ++column.infinite;
  } else {
    column.numbers.push_back(single(x));
  }
}

void add_text(WindowColumn& column, const std::string& text) {
  if (text.empty()) {
    ++column.nulls;
    return;
  }
  const auto found = column.counts.find(text);
  if (found != column.counts.end()) {
    ++found->second;
  } else if (column.counts.size() < kMostTexts) {
    column.counts.emplace(text, 1);
  } else {
    ++column.other;
  }
}

void add_value(WindowColumn& column, const ChunkColumn& from, std::size_t row) {
  if (column.field.text) {
    if (row < from.texts.size()) add_text(column, from.texts[row]);
  } else if (row < from.numbers.size()) {
    add_number(column, from.numbers[row]);
  }
}

WindowColumn& column_of(Window& window, std::size_t index, const Field& field) {
  if (index < window.columns.size() && window.columns[index].field == field) {
    return window.columns[index];
  }
  for (auto& column : window.columns) {
    if (column.field == field) return column;
  }
  return window.columns.emplace_back(WindowColumn{.field = field});
}

}  // namespace

void RowSample::add(const Chunk& chunk, std::size_t row) {
  const auto& fields = chunk.schema->features;
  const std::size_t columns = std::min(fields.size(), kMostColumns);
  if (features.empty()) {
    for (std::size_t c = 0; c < columns; ++c) {
      features.push_back({.name = fields[c].name, .categorical = fields[c].text});
    }
    features.push_back({.name = "prediction"});
  }
  if (features.size() != columns + 1) return;  // another schema
  for (std::size_t c = 0; c < columns; ++c) {
    if (features[c].name != fields[c].name || features[c].categorical != fields[c].text) return;
  }
  ++seen;
  std::size_t place = rows();
  if (place == kMost) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    place = static_cast<std::size_t>((state >> 33) % static_cast<std::uint64_t>(seen));
    if (place >= kMost) return;
  }
  const auto put = [place](auto& into, auto value) {
    place == into.size() ? into.push_back(std::move(value)) : void(into[place] = std::move(value));
  };
  for (std::size_t c = 0; c < columns; ++c) {
    if (features[c].categorical) {
      put(features[c].texts, chunk.features[c].texts[row]);
    } else {
      const double x = chunk.features[c].numbers[row];
      put(features[c].numbers, std::isfinite(x) ? single(x) : std::nan(""));
    }
  }
  double prediction = std::nan("");
  for (std::size_t i = chunk.outputs.size(); i-- > 0;) {
    if (chunk.schema->outputs[i].text) continue;
    prediction = single(chunk.outputs[i].numbers[row]);
    break;
  }
  put(features.back().numbers, prediction);
}

void Window::add(const Chunk& chunk, std::size_t row, Timestamp now) {
  const Timestamp at{chunk.at[row]};
  if (rows == 0) {
    endpoint = chunk.endpoint;
    model = chunk.model;
    version = chunk.version;
    first = last = at;
    began = now;
  }
  first = std::min(first, at);
  last = std::max(last, at);
  end = {chunk.id, static_cast<std::int64_t>(row)};
  ++rows;
  if (!chunk.errors[row].empty()) {
    ++failed;
    return;
  }
  if (kept == kMostKept) return;
  ++kept;
  latencies_us.push_back(chunk.latency_us[row]);
  sample.add(chunk, row);
  if (const auto answer = answer_of(chunk, row); answer.score) {
    const auto label = parse_double(answer.prediction);
    const bool bare = label && *label == *answer.score;
    scores.push_back(*answer.score);
    said.push_back(bare || !label ? (*answer.score >= 0.5 ? 1 : 0) : (*label == 1 ? 1 : 0));
  }
  const auto& features = chunk.schema->features;
  for (std::size_t i = 0; i < features.size() && i < chunk.features.size(); ++i) {
    add_value(column_of(*this, i, features[i]), chunk.features[i], row);
  }
  // What a reference calls `prediction` is compared with the last number of the answer.
  const auto& outputs = chunk.schema->outputs;
  for (std::size_t i = std::min(outputs.size(), chunk.outputs.size()); i-- > 0;) {
    if (outputs[i].text) continue;
    add_value(column_of(*this, features.size(), {"prediction", false}), chunk.outputs[i], row);
    break;
  }
}

bool Window::due(const Settings& settings, Timestamp now) const {
  if (rows >= settings.window_rows) return true;
  return rows >= settings.min_rows && now.ms - began.ms >= settings.window_seconds * 1'000;
}

double Window::error_share() const {
  return rows == 0 ? 0 : static_cast<double>(failed) / static_cast<double>(rows);
}

double Window::p99_ms() const {
  if (latencies_us.empty()) return 0;
  auto sorted = latencies_us;
  const std::size_t at = (sorted.size() - 1) * 99 / 100;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
  return static_cast<double>(sorted[at]) / 1'000;
}

namespace {

std::uint64_t hash_of_number(double x) {
  return stats::sketch_hash({reinterpret_cast<const char*>(&x), sizeof x});
}

void sketch_numbers(std::vector<double> numbers, SketchedColumn& out) {
  for (const double x : numbers) {
    out.moments.add(x);
    out.quantiles.add(x);
  }
  std::sort(numbers.begin(), numbers.end());
  for (std::size_t i = 0; i < numbers.size();) {
    const std::size_t from = i;
    while (i < numbers.size() && numbers[i] == numbers[from]) ++i;
    out.distinct.add(hash_of_number(numbers[from]));
    out.frequent.add(category_of(numbers[from]), static_cast<std::int64_t>(i - from));
  }
  out.present = static_cast<std::int64_t>(numbers.size());
}

}  // namespace

WindowProfile sketch_of(const Window& window) {
  WindowProfile out{.endpoint = window.endpoint,
                    .model = window.model,
                    .version = window.version,
                    .from = window.first,
                    .to = window.last,
                    .rows = window.rows,
                    .failed = window.failed};
  for (const auto& column : window.columns) {
    SketchedColumn sketched{
        .field = column.field, .missing = column.nulls, .infinite = column.infinite};
    if (!column.field.text) sketch_numbers(column.numbers, sketched);
    for (const auto& [text, rows] : column.counts) {
      sketched.present += rows;
      sketched.distinct.add(stats::sketch_hash(text));
      sketched.frequent.add(text, rows);
    }
    sketched.present += column.other;
    out.columns.push_back(std::move(sketched));
  }
  return out;
}

}  // namespace slipway::monitor
