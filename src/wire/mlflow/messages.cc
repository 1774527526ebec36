// SPDX-License-Identifier: Apache-2.0
#include "messages.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::Empty)
SLIPWAY_JSON(slipway::wire::mlflow::FileList)

namespace slipway::wire::mlflow {

bool insists(const std::vector<Tag>& tags) {
  return std::any_of(tags.begin(), tags.end(), [](const Tag& tag) {
    return tag.key == "slipway.delete" && tag.value == "anyway";
  });
}

std::vector<Tag> to_tags(const std::vector<KeyValue>& in) {
  std::vector<Tag> out;
  out.reserve(in.size());
  for (const auto& tag : in) out.push_back({tag.key, tag.value});
  return out;
}

std::vector<KeyValue> to_wire(const std::vector<Tag>& tags) {
  std::vector<KeyValue> out;
  out.reserve(tags.size());
  for (const auto& tag : tags) out.push_back({tag.key, tag.value});
  return out;
}

Result<std::optional<std::string>> enum_name(const json::Raw& raw, std::string_view field,
                                             const std::vector<std::string_view>& names,
                                             int first) {
  if (raw.text == "null") return std::optional<std::string>();
  const std::string_view text = raw.text.starts_with('"')
                                    ? std::string_view(raw.text).substr(1, raw.text.size() - 2)
                                    : std::string_view(raw.text);
  const auto number = parse_int(text);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text || (number && *number == first + static_cast<std::int64_t>(i))) {
      return std::optional<std::string>(names[i]);
    }
  }
  std::string known;
  for (const auto name : names) (known += known.empty() ? "" : ", ") += name;
  return invalid("invalid value " + raw.text + " for parameter '" + std::string(field) + "'",
                 "one of " + known);
}

Result<tracking::View> view_of(const json::Raw& raw, std::string_view field) {
  SW_TRY(const auto name, enum_name(raw, field, {"ACTIVE_ONLY", "DELETED_ONLY", "ALL"}, 1));
  if (name == "DELETED_ONLY") return tracking::View::deleted;
  return name == "ALL" ? tracking::View::all : tracking::View::active;
}

MetricMessage to_wire(const tracking::Metric& metric) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  MetricMessage out;
  out.key = metric.key;
  out.value = std::isinf(metric.value) ? std::copysign(kLargest, metric.value) : metric.value;
  out.timestamp = metric.at.ms;
  out.step = metric.step.whole();
  return out;
}

}  // namespace slipway::wire::mlflow
