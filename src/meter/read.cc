// SPDX-License-Identifier: Apache-2.0
// The text of a registry back into metrics, for those who send them elsewhere.
#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.h"
#include "meter/exposition.h"

namespace slipway::meter {
namespace {

struct Line {
  std::string name;
  Labels labels;
  double value = 0;
};

double number_of(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  return parse_double(text).value_or(std::numeric_limits<double>::quiet_NaN());
}

// The value in quotes that begins at `at`; `at` is behind it then.
std::string quoted(std::string_view line, std::size_t& at) {
  std::string out;
  for (++at; at < line.size() && line[at] != '"'; ++at) {
    if (line[at] == '\\' && at + 1 < line.size()) {
      ++at;
      out += line[at] == 'n' ? '\n' : line[at];
    } else {
      out += line[at];
    }
  }
  ++at;
  return out;
}

std::optional<Line> line_of(std::string_view line) {
  const auto end = line.find_first_of("{ ");
  if (end == std::string_view::npos) return std::nullopt;
  Line out{.name = std::string(line.substr(0, end))};
  std::size_t at = end;
  while (at < line.size() && line[at] != ' ') {
    const auto equals = line.find('=', ++at);  // behind { or ,
    if (equals == std::string_view::npos) return std::nullopt;
    auto key = std::string(line.substr(at, equals - at));
    at = equals + 1;
    out.labels[std::move(key)] = quoted(line, at);
    if (at < line.size() && line[at] == '}') ++at;
  }
  if (at >= line.size()) return std::nullopt;
  out.value = number_of(line.substr(at + 1));
  return out;
}

Sample& sample_of(Snapshot& metric, const Labels& labels) {
  if (metric.samples.empty() || metric.samples.back().labels != labels) {
    metric.samples.push_back({.labels = labels});
  }
  return metric.samples.back();
}

// Buckets are cumulated in the text.
void add_to_histogram(Snapshot& metric, Line line) {
  const auto suffix = std::string_view(line.name).substr(metric.name.size());
  if (suffix == "_sum") sample_of(metric, line.labels).value = line.value;
  if (suffix != "_bucket") return;
  const double bound = number_of(line.labels["le"]);
  line.labels.erase("le");
  auto& sample = sample_of(metric, line.labels);
  auto count = static_cast<std::uint64_t>(line.value);
  for (const auto below : sample.buckets) count -= below;
  sample.buckets.push_back(count);
  if (bound < std::numeric_limits<double>::infinity()) sample.bounds.push_back(bound);
}

}  // namespace

std::vector<Snapshot> read_prometheus(std::string_view text) {
  std::vector<Snapshot> out;
  std::string help;
  for (const auto line : split(text, '\n')) {
    if (line.starts_with("# HELP ")) {
      const auto rest = line.substr(7);
      help = rest.substr(std::min(rest.find(' ') + 1, rest.size()));
    } else if (line.starts_with("# TYPE ")) {
      const auto rest = line.substr(7);
      const auto space = rest.find(' ');
      const auto kind = rest.substr(space + 1);
      out.push_back({.name = std::string(rest.substr(0, space)),
                     .help = help,
                     .kind = kind == "counter"     ? Kind::counter
                             : kind == "histogram" ? Kind::histogram
                                                   : Kind::gauge});
    } else if (!line.empty() && !out.empty()) {
      auto read = line_of(line);
      if (!read || !read->name.starts_with(out.back().name)) continue;
      if (out.back().kind == Kind::histogram) {
        add_to_histogram(out.back(), *std::move(read));
      } else {
        out.back().samples.push_back({.labels = std::move(read->labels), .value = read->value});
      }
    }
  }
  return out;
}

}  // namespace slipway::meter
