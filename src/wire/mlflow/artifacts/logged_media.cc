// SPDX-License-Identifier: Apache-2.0
// What the client's log_image and log_table leave behind, read as typed series. Images of a key lie
// in images/ under names that say key, step and time, parted by '+' or (older clients) '%'; tables
// are named in a tag.
#include "base/text.h"
#include "json/value.h"
#include "tracking/artifacts.h"
#include "tracking/series.h"
#include "tracking/types.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using tracking::SeriesEntry;
using tracking::SeriesKind;

constexpr const char* kTablesTag = "mlflow.loggedArtifacts";

// The text between `from` and the next `separator`, which is skipped; nothing when it is not there.
std::optional<std::string_view> piece(std::string_view& rest, std::string_view separator) {
  const auto end = rest.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const auto out = rest.substr(0, end);
  rest.remove_prefix(end + separator.size());
  return out;
}

// "key+step+3+timestamp+1700000000000+<uuid>.png"
std::optional<SeriesEntry> image_of(const std::string& name) {
  for (const std::string mark : {"+", "%"}) {
    std::string_view rest = name;
    const auto key = piece(rest, mark + "step" + mark);
    if (!key || key->empty()) continue;
    const auto step = piece(rest, mark + "timestamp" + mark);
    if (!step) continue;
    const auto time = piece(rest, mark);
    // A small copy for quick pages lies beside each.
    if (!time || rest.find(mark + "compressed") != std::string_view::npos) continue;
    const auto number = tracking::Step::parse(*step);
    const auto ms = parse_int(*time);
    if (!number || !ms || *ms < 0) continue;
    SeriesEntry out{.kind = SeriesKind::image, .step = *number, .at = {*ms}};
    for (const char c : *key) out.key += c == '~' || c == '#' ? '/' : c;
    out.path = "images/" + name;
    return out;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<SeriesEntry>> logged_media(blob::BlobStore& blobs, const tracking::Run& run) {
  std::vector<SeriesEntry> out;
  tracking::Artifacts artifacts(blobs);
  const auto images = artifacts.list(run.artifact_root, "images");
  // Files that are kept elsewhere are no series of ours.
  if (!images && images.error().code == Code::unimplemented) return out;
  SW_CHECK_OK(images);
  for (const auto& stat : *images) {
    if (stat.folder) continue;
    if (auto entry = image_of(stat.key)) out.push_back(*std::move(entry));
  }
  for (const auto& tag : run.tags) {
    if (tag.key != kTablesTag) continue;
    const auto listed = json::parse_value(tag.value);
    if (!listed || !listed->is_array()) continue;
    for (const auto& item : listed->get_array()) {
      const auto path = json::text_at(item, "path");
      if (!path || json::text_at(item, "type") != "table") continue;
      SW_TRY(const auto stat, artifacts.stat(run.artifact_root, *path));
      if (!stat || stat->folder) continue;
      out.push_back({.key = *path,
                     .kind = SeriesKind::table,
                     .step = {},
                     .at = stat->modified,
                     .path = *path,
                     .content = ""});
    }
  }
  return out;
}

}  // namespace slipway::wire::mlflow
