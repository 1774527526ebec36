// SPDX-License-Identifier: Apache-2.0
// Settings, references, reports and quality windows.
#include <utility>

#include "monitor/documents.h"
#include "records.h"

namespace slipway::monitor::records {
namespace {

using store::Blob;
using store::Cells;
using store::Row;

constexpr std::string_view kPutSettings =
    "INSERT INTO monitor_settings (endpoint, document, updated) VALUES (?, ?, ?) "
    "ON CONFLICT (endpoint) DO UPDATE SET document = excluded.document, updated = excluded.updated";
constexpr std::string_view kPutProfile =
    "INSERT INTO monitor_reference (model, version, rows, created, profile) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (model, version) DO UPDATE SET rows = excluded.rows, created = excluded.created, "
    "profile = excluded.profile";
constexpr std::string_view kPutReport =
    "INSERT INTO monitor_report (id, endpoint, model, version, window_start, window_end, rows, "
    "drift_share, dataset_drift, threshold, error, detail, end_chunk, end_row) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kReportColumns =
    "SELECT id, endpoint, model, version, window_start, window_end, rows, drift_share, "
    "dataset_drift, threshold, error, detail FROM monitor_report ";
constexpr std::string_view kPutQuality =
    "INSERT INTO monitor_quality (id, endpoint, model, version, window_start, window_end, "
    "labelled, metrics, last_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

std::string text(const Row& row, int column) {
  return std::string(row.text(column));
}

DriftReport report_from(const Row& row) {
  DriftReport out{.id = text(row, 0),
                  .endpoint = text(row, 1),
                  .model = text(row, 2),
                  .version = text(row, 3),
                  .window_start = {row.int64(4)},
                  .window_end = {row.int64(5)},
                  .rows = row.int64(6),
                  .drift_share = row.real(7),
                  .dataset_drift = row.int64(8) != 0,
                  .threshold = row.real(9),
                  .error = text(row, 10)};
  if (auto read = read_report_detail(row.text(11), out); !read) out.error = read.error().message;
  return out;
}

QualityWindow quality_from(const Row& row) {
  QualityWindow out{.id = text(row, 0),
                    .endpoint = text(row, 1),
                    .model = text(row, 2),
                    .version = text(row, 3),
                    .window_start = {row.int64(4)},
                    .window_end = {row.int64(5)},
                    .labelled = row.int64(6)};
  static_cast<void>(read_metrics(row.text(7), out).ok());  // written by us; empty when damaged
  return out;
}

// endpoint, and the version and page when given, newest first.
std::string paged(const std::string& version, const PageRequest& page, Cells& cells) {
  std::string where = "WHERE endpoint = ?";
  if (!version.empty()) {
    where += " AND version = ?";
    cells.emplace_back(version);
  }
  if (!page.token.empty()) {
    where += " AND id < ?";
    cells.emplace_back(page.token);
  }
  return where + " ORDER BY id DESC LIMIT " + std::to_string(page.size);
}

}  // namespace

Result<std::optional<Settings>> settings(Connection& c, const std::string& endpoint) {
  SW_TRY(const auto document, c.first("SELECT document FROM monitor_settings WHERE endpoint = ?",
                                      {endpoint}, [](const Row& row) { return text(row, 0); }));
  if (!document) return std::optional<Settings>();
  SW_TRY(auto out, settings_from_json(*document));
  return std::optional<Settings>(std::move(out));
}

Result<std::vector<std::string>> watched_endpoints(Connection& c) {
  return c.all("SELECT endpoint FROM monitor_settings", {},
               [](const Row& row) { return text(row, 0); });
}

Result<void> put_settings(Connection& c, const std::string& endpoint, const Settings& settings,
                          Timestamp now) {
  SW_CHECK_OK(c.exec(kPutSettings, {endpoint, settings_to_json(settings, true), now.ms}));
  return {};
}

Result<std::optional<Profile>> profile(Connection& c, const std::string& model,
                                       const std::string& version) {
  using Found = std::pair<std::string, std::int64_t>;
  SW_TRY(
      const auto found,
      c.first("SELECT profile, created FROM monitor_reference WHERE model = ? AND version = ?",
              {model, version}, [](const Row& row) { return Found(text(row, 0), row.int64(1)); }));
  if (!found) return std::optional<Profile>();
  SW_TRY(auto out, unpack_profile(found->first));
  out.model = model;
  out.version = version;
  out.created = {found->second};
  return std::optional<Profile>(std::move(out));
}

Result<void> put_profile(Connection& c, const Profile& profile) {
  SW_CHECK_OK(c.exec(kPutProfile, {profile.model, profile.version, profile.rows, profile.created.ms,
                                   Blob{pack_profile(profile)}}));
  return {};
}

Result<void> put_report(Connection& c, const DriftReport& r, const Cursor& end) {
  SW_CHECK_OK(
      c.exec(kPutReport, {r.id, r.endpoint, r.model, r.version, r.window_start.ms, r.window_end.ms,
                          r.rows, r.drift_share, std::int64_t{r.dataset_drift}, r.threshold,
                          r.error, report_detail(r), end.chunk, end.row}));
  return {};
}

Result<std::optional<Cursor>> last_cursor(Connection& c, const ChunkKey& key) {
  return c.first(
      "SELECT end_chunk, end_row FROM monitor_report WHERE endpoint = ? AND model = ? "
      "AND version = ? ORDER BY id DESC LIMIT 1",
      {key.endpoint, key.model, key.version}, [](const Row& row) {
        return Cursor{row.int64(0), row.int64(1)};
      });
}

Result<std::vector<DriftReport>> reports(Connection& c, const std::string& endpoint,
                                         const std::string& version, const PageRequest& page) {
  Cells cells{endpoint};
  const std::string where = paged(version, page, cells);
  return c.all(std::string(kReportColumns) + where, cells, report_from);
}

Result<std::vector<DriftReport>> latest_reports(Connection& c) {
  return c.all(std::string(kReportColumns) +
                   "WHERE id IN (SELECT MAX(id) FROM monitor_report GROUP BY endpoint, model, "
                   "version)",
               {}, report_from);
}

Result<void> trim_reports(Connection& c, Timestamp oldest) {
  SW_CHECK_OK(c.exec("DELETE FROM monitor_report WHERE window_end < ?", {oldest.ms}));
  return {};
}

Result<void> put_quality(Connection& c, const QualityWindow& w, std::int64_t last_seq) {
  SW_CHECK_OK(c.exec(kPutQuality, {w.id, w.endpoint, w.model, w.version, w.window_start.ms,
                                   w.window_end.ms, w.labelled, metrics_json(w), last_seq}));
  return {};
}

Result<std::int64_t> quality_seq(Connection& c, const ChunkKey& key) {
  SW_TRY(const auto found,
         c.first("SELECT MAX(last_seq) FROM monitor_quality WHERE endpoint = ? AND model = ? AND "
                 "version = ?",
                 {key.endpoint, key.model, key.version},
                 [](const Row& row) { return row.maybe_int64(0).value_or(0); }));
  return found.value_or(0);
}

Result<std::vector<QualityWindow>> quality(Connection& c, const std::string& endpoint,
                                           const std::string& version, const PageRequest& page) {
  Cells cells{endpoint};
  const std::string where = paged(version, page, cells);
  return c.all(
      "SELECT id, endpoint, model, version, window_start, window_end, labelled, metrics "
      "FROM monitor_quality " +
          where,
      cells, quality_from);
}

Result<void> forget(Connection& c, const std::string& endpoint) {
  for (const char* table :
       {"monitor_settings", "monitor_chunk", "monitor_outcome", "monitor_waiting_label",
        "monitor_report", "monitor_quality", "monitor_profile", "monitor_detector", "monitor_event",
        "monitor_asked", "monitor_business_window", "monitor_streak"}) {
    SW_CHECK_OK(c.exec("DELETE FROM " + std::string(table) + " WHERE endpoint = ?", {endpoint}));
  }
  return {};
}

}  // namespace slipway::monitor::records
