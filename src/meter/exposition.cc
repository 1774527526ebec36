// SPDX-License-Identifier: Apache-2.0
#include "exposition.h"

#include <cmath>

#include "base/text.h"

namespace slipway::meter {
namespace {

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return number_text(value);
}

// `quotes`: inside a label's value; OpenMetrics escapes them in help texts too.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void append_labels(std::string& out, const Labels& labels, std::string_view le = {}) {
  if (labels.empty() && le.empty()) return;
  char before = '{';
  const auto append = [&](std::string_view key, std::string_view value) {
    out += before;
    (out += key) += "=\"";
    append_escaped(out, value, true);
    out += '"';
    before = ',';
  };
  for (const auto& [key, value] : labels) append(key, value);
  if (!le.empty()) append("le", le);
  out += '}';
}

void append_histogram(std::string& out, const std::string& name, const Sample& sample,
                      bool openmetrics) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < sample.buckets.size(); ++i) {
    below += sample.buckets[i];
    std::string le = i < sample.bounds.size() ? number(sample.bounds[i]) : "+Inf";
    // OpenMetrics wants its bounds to be canonical floats: 1.0, not 1.
    if (openmetrics && le.find_first_of(".eI") == std::string::npos) le += ".0";
    out += name + "_bucket";
    append_labels(out, sample.labels, le);
    out += " " + std::to_string(below) + "\n";
  }
  out += name + "_sum";
  append_labels(out, sample.labels);
  out += " " + number(sample.value) + "\n" + name + "_count";
  append_labels(out, sample.labels);
  out += " " + std::to_string(below) + "\n";
}

std::string render(const std::vector<Snapshot>& metrics, bool openmetrics) {
  static constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
  std::string out;
  for (const auto& metric : metrics) {
    std::string family = metric.name;
    const bool counter = metric.kind == Kind::counter;
    if (openmetrics && counter && family.ends_with("_total")) family.resize(family.size() - 6);
    out += "# HELP " + family + " ";
    append_escaped(out, metric.help, openmetrics);
    out += "\n# TYPE " + family + " ";
    (out += kTypes[static_cast<std::size_t>(metric.kind)]) += "\n";
    for (const auto& sample : metric.samples) {
      if (metric.kind == Kind::histogram) {
        append_histogram(out, metric.name, sample, openmetrics);
        continue;
      }
      out += openmetrics && counter ? family + "_total" : metric.name;
      append_labels(out, sample.labels);
      out += " " + number(sample.value) + "\n";
    }
  }
  if (openmetrics) out += "# EOF\n";
  return out;
}

}  // namespace

bool is_metric_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
  };
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    if (!fits(c)) return false;
  }
  return true;
}

std::string render_prometheus(const std::vector<Snapshot>& metrics) {
  return render(metrics, false);
}

std::string render_openmetrics(const std::vector<Snapshot>& metrics) {
  return render(metrics, true);
}

}  // namespace slipway::meter
