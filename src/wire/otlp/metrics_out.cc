// SPDX-License-Identifier: Apache-2.0
#include "wire/otlp/metrics_out.h"

#include <cmath>

#include "base/text.h"

namespace slipway::wire::otlp {
namespace {

using meter::Kind;
using meter::Sample;
using meter::Snapshot;

std::string nanos(std::int64_t ms) {
  return "\"" + std::to_string(ms) + "000000\"";
}

// JSON of protobuf has words for what JSON has no number for.
std::string number(double x) {
  if (std::isnan(x)) return "\"NaN\"";
  if (std::isinf(x)) return x > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  return number_text(x);
}

std::string point_of(const Sample& sample, std::int64_t started_ms, std::int64_t now_ms) {
  std::string out = "{\"attributes\":[";
  bool first = true;
  for (const auto& [key, value] : sample.labels) {
    out += first ? "{\"key\":" : ",{\"key\":";
    append_json_string(out, key);
    out += ",\"value\":{\"stringValue\":";
    append_json_string(out, value);
    out += "}}";
    first = false;
  }
  return out + "],\"startTimeUnixNano\":" + nanos(started_ms) +
         ",\"timeUnixNano\":" + nanos(now_ms);
}

std::string histogram_of(const Sample& sample) {
  std::uint64_t count = 0;
  std::string buckets;
  for (const auto n : sample.buckets) {
    buckets += (buckets.empty() ? "\"" : ",\"") + std::to_string(n) + "\"";
    count += n;
  }
  std::string bounds;
  for (const double bound : sample.bounds) bounds += (bounds.empty() ? "" : ",") + number(bound);
  return ",\"count\":\"" + std::to_string(count) + "\",\"sum\":" + number(sample.value) +
         ",\"bucketCounts\":[" + buckets + "],\"explicitBounds\":[" + bounds + "]}";
}

void append(std::string& out, const Snapshot& metric, std::int64_t started_ms,
            std::int64_t now_ms) {
  out += "{\"name\":";
  append_json_string(out, metric.name);
  out += ",\"description\":";
  append_json_string(out, metric.help);
  const bool histogram = metric.kind == Kind::histogram;
  out += histogram                      ? ",\"histogram\":{\"aggregationTemporality\":2,"
         : metric.kind == Kind::counter ? ",\"sum\":{\"aggregationTemporality\":2,"
                                          "\"isMonotonic\":true,"
                                        : ",\"gauge\":{";
  out += "\"dataPoints\":[";
  for (std::size_t i = 0; i < metric.samples.size(); ++i) {
    const auto& sample = metric.samples[i];
    if (i > 0) out += ',';
    out += point_of(sample, started_ms, now_ms);
    out += histogram ? histogram_of(sample) : ",\"asDouble\":" + number(sample.value) + "}";
  }
  out += "]}}";
}

}  // namespace

std::string metrics_json(const std::vector<Snapshot>& metrics, std::int64_t started_ms,
                         std::int64_t now_ms) {
  std::string out =
      "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{"
      "\"stringValue\":\"slipway\"}}]},\"scopeMetrics\":[{\"scope\":{\"name\":\"slipway\"},"
      "\"metrics\":[";
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (i > 0) out += ',';
    append(out, metrics[i], started_ms, now_ms);
  }
  return out + "]}]}]}";
}

}  // namespace slipway::wire::otlp
