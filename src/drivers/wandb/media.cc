// SPDX-License-Identifier: Apache-2.0
#include "media.h"

#include <cmath>
#include <optional>

#include "base/text.h"

namespace slipway::drivers::wandb {
namespace {

constexpr std::int64_t kMostBins = 10'000;

std::string kind_of(const std::string& type) {
  if (type == "image-file") return "image";
  if (type == "audio-file") return "audio";
  if (type == "table-file" || type == "joined-table" || type == "partitioned-table") return "table";
  return type.ends_with("-file") ? "file" : "";
}

// Edges in full, or the least one, the width and the number of all bins; either with the counts.
std::optional<Medium> histogram_of(const json::value& from) {
  const auto* counts = json::find(from, "values");
  json::array edges;
  if (const auto* bins = json::find(from, "bins"); bins != nullptr && bins->is_array()) {
    edges = bins->get_array();
  } else if (const auto* packed = json::find(from, "packedBins"); packed != nullptr) {
    const auto least = json::number_at(*packed, "min");
    const auto width = json::number_at(*packed, "size");
    const auto count = json::int_at(*packed, "count");
    if (!least || !width || !count || *count < 1 || *count > kMostBins) return std::nullopt;
    for (std::int64_t i = 0; i <= *count; ++i) {
      edges.emplace_back(*least + static_cast<double>(i) * *width);
    }
  }
  if (counts == nullptr || !counts->is_array() || edges.size() != counts->get_array().size() + 1) {
    return std::nullopt;
  }
  return Medium{"histogram", "",
                "{\"edges\":" + json::dump_value(json::value(std::move(edges))) +
                    ",\"counts\":" + json::dump_value(*counts) + "}"};
}

}  // namespace

std::vector<Medium> media_of(const json::value& value) {
  std::vector<Medium> out;
  if (value.is_string()) {
    out.push_back({"text", "", json::dump_value(value)});
    return out;
  }
  const auto type = json::text_at(value, "_type").value_or("");
  if (type == "histogram") {
    if (auto found = histogram_of(value)) out.push_back(*std::move(found));
  } else if (const auto* names = json::find(value, "filenames");
             names != nullptr && names->is_array()) {  // several images, sounds, .. of one step
    const auto kind = type.starts_with("images")  ? "image"
                      : type.starts_with("audio") ? "audio"
                                                  : "file";
    for (const auto& name : names->get_array()) {
      if (name.is_string()) out.push_back({kind, std::string(name.get_string()), ""});
    }
  } else if (const auto path = json::text_at(value, "path"); path && !kind_of(type).empty()) {
    out.push_back({kind_of(type), *path, ""});
  }
  return out;
}

}  // namespace slipway::drivers::wandb
