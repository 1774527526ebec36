// SPDX-License-Identifier: Apache-2.0
#include "window.h"

#include <algorithm>
#include <cmath>

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

}  // namespace slipway::monitor
