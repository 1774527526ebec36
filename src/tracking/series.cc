// SPDX-License-Identifier: Apache-2.0
// What an entry of a series may be.
#include "tracking/series.h"

#include <array>
#include <limits>

#include "base/text.h"
#include "json/value.h"

namespace slipway::tracking {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"image", "table", "histogram",
                                                    "audio", "text",  "file"};
constexpr std::size_t kMostBins = 10'000;
constexpr std::size_t kMostColumns = 1'000;

bool has_controls(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 32) return true;
  }
  return false;
}

Error bad_content(const SeriesEntry& entry, const std::string& why, const char* hint) {
  return invalid("series '" + entry.key + "' at step " + entry.step.text() + ": " + why, hint);
}

// Numbers; NaN and the infinities, which JSON lacks, are no place for an edge or a count.
const json::array* numbers_in(const json::value& from, std::string_view key) {
  const auto* found = json::find(from, key);
  if (found == nullptr || !found->is_array()) return nullptr;
  for (const auto& item : found->get_array()) {
    if (!item.is_number()) return nullptr;
  }
  return &found->get_array();
}

Result<void> check_histogram(const SeriesEntry& entry, const json::value& content) {
  constexpr auto kHint =
      "{\"edges\": [0, 1, 2], \"counts\": [5, 7]}: ascending edges, one more than counts";
  const auto* edges = numbers_in(content, "edges");
  const auto* counts = numbers_in(content, "counts");
  if (edges == nullptr || counts == nullptr) {
    return bad_content(entry, "a histogram has lists of numbers 'edges' and 'counts'", kHint);
  }
  if (counts->empty() || edges->size() != counts->size() + 1) {
    return bad_content(entry,
                       std::to_string(edges->size()) + " edges do not fit " +
                           std::to_string(counts->size()) + " counts",
                       kHint);
  }
  if (counts->size() > kMostBins) return bad_content(entry, "more than 10,000 bins", "use fewer");
  double before = -std::numeric_limits<double>::infinity();
  for (const auto& edge : *edges) {
    const auto value = edge.to_number<double>();
    if (value < before) return bad_content(entry, "the edges do not ascend", kHint);
    before = value;
  }
  for (const auto& count : *counts) {
    if (count.to_number<double>() < 0) return bad_content(entry, "a count is negative", kHint);
  }
  return {};
}

Result<void> check_table(const SeriesEntry& entry, const json::value& content) {
  constexpr auto kHint = "{\"columns\": [\"a\", \"b\"], \"data\": [[1, 2], [3, 4]]}";
  const auto* columns = json::find(content, "columns");
  const auto* data = json::find(content, "data");
  if (columns == nullptr || !columns->is_array() || data == nullptr || !data->is_array()) {
    return bad_content(entry, "a table has the lists 'columns' and 'data'", kHint);
  }
  const auto width = columns->get_array().size();
  if (width > kMostColumns) return bad_content(entry, "more than 1,000 columns", "use fewer");
  std::size_t number = 0;
  for (const auto& row : data->get_array()) {
    if (!row.is_array() || row.get_array().size() != width) {
      return bad_content(
          entry,
          "row " + std::to_string(number) + " is no list of " + std::to_string(width) + " cells",
          kHint);
    }
    ++number;
  }
  return {};
}

Result<void> check_content(const SeriesEntry& entry) {
  if (entry.content.size() > kSeriesContentLimit) {
    return bad_content(entry, std::to_string(entry.content.size()) + " bytes are too many",
                       "up to 1 MiB is kept in place; log a file instead");
  }
  const auto content = json::parse_value(entry.content);
  if (!content) return bad_content(entry, content.error().message, "the content is JSON");
  switch (entry.kind) {
    case SeriesKind::histogram:
      return check_histogram(entry, *content);
    case SeriesKind::table:
      return check_table(entry, *content);
    case SeriesKind::text:
      if (content->is_string()) return {};
      return bad_content(entry, "a text is a string", "\"what happened\"");
    case SeriesKind::image:
    case SeriesKind::audio:
    case SeriesKind::file:
      break;
  }
  return bad_content(entry, "this kind is kept as a file", "name its path among the artifacts");
}

}  // namespace

std::string_view name_of(SeriesKind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

Result<SeriesKind> parse_series_kind(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<SeriesKind>(i);
  }
  return invalid("kind: there is no kind of series '" + std::string(name.substr(0, 100)) + "'",
                 "image, table, histogram, audio, text and file are known");
}

Result<void> check_entry(const SeriesEntry& entry) {
  if (entry.key.empty() || entry.key.size() > kSeriesKeyLimit || !is_valid_utf8(entry.key) ||
      has_controls(entry.key)) {
    return invalid("key: '" + entry.key.substr(0, 100) + "' cannot name a series",
                   "1 to 1,024 bytes of UTF-8 without control characters");
  }
  if (entry.at.ms < 0) return bad_content(entry, "the time is negative", "milliseconds since 1970");
  if (entry.path.empty() == entry.content.empty()) {
    return bad_content(entry, "exactly one of path and content is wanted",
                       "name a file of the run, or give JSON");
  }
  if (entry.path.empty()) return check_content(entry);
  if (entry.path.size() > kSeriesKeyLimit || !is_valid_utf8(entry.path) ||
      has_controls(entry.path)) {
    return bad_content(entry, "the path '" + entry.path.substr(0, 100) + "' names no file",
                       "give it as it is among the run's artifacts");
  }
  for (const auto segment : split(entry.path, '/')) {
    if (segment.empty() || segment == "." || segment == "..") {
      return bad_content(entry, "the path '" + entry.path.substr(0, 100) + "' leaves the run",
                         "a relative path without '..' segments is wanted");
    }
  }
  return {};
}

}  // namespace slipway::tracking
