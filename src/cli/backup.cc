// SPDX-License-Identifier: Apache-2.0
// `slipway backup`, `slipway restore`, `slipway gc`: by a running server, or on a data folder.
#include "app/backup.h"

#include <filesystem>
#include <optional>

#include "app/config.h"
#include "app/gc.h"
#include "app/platform.h"
#include "arguments.h"
#include "base/log.h"
#include "base/text.h"
#include "client.h"
#include "commands.h"
#include "json/value.h"
#include "output.h"
#include "records.h"

namespace slipway::cli {
namespace {

struct Options {
  std::string place;
  std::string server;
  std::string data;
  std::string store;
  std::string json;
  std::string older_than;
  bool force = false;
  app::GcOrder order;
};

constexpr int kLongMs = 24 * 3'600'000;

void add_where(CLI::App& app, Options& o) {
  auto* server = app.add_option("--server", o.server, "URL of the server that does it");
  app.add_option("--data", o.data, "do it here, on this data folder")->excludes(server);
  app.add_option("--store", o.store, "with --data: its database, when it is not in the folder");
  app.add_option("--json", o.json, "write a summary to this file, - for standard output");
}

Result<std::unique_ptr<app::Platform>> open_here(const Options& o) {
  std::map<std::string, std::string> flags{{"data", o.data}};
  if (!o.store.empty()) flags["store"] = o.store;
  SW_TRY(const auto effective, app::load_config(flags));
  std::error_code error;
  if (!std::filesystem::exists(effective.config.data, error)) {
    return not_found("there is no data folder '" + effective.config.data + "'");
  }
  log::configure(log::Level::warn, log::Format::text);
  return app::Platform::open(effective.config, app::Mode::local);
}

app::BackupWatch watch_by(std::optional<Progress>& bar, const char* what) {
  return [&bar, what](std::int64_t done, std::int64_t of) {
    if (!bar) bar.emplace(what, static_cast<std::uint64_t>(of));
    bar->set(static_cast<std::uint64_t>(done));
  };
}

Result<std::string> backup_report(const Options& o) {
  std::error_code error;
  const auto path = std::filesystem::absolute(o.place, error).lexically_normal().string();
  if (!o.data.empty()) {
    SW_TRY(const auto platform, open_here(o));
    std::optional<Progress> bar;
    SW_TRY(const auto report, app::back_up(*platform, path, watch_by(bar, "backing up")));
    return app::to_json(report);
  }
  SW_TRY(const auto client, Client::connect(o.server));
  std::string body = "{\"path\":";
  append_json_string(body, path);
  return client.send("POST", "/api/v1/backup", body + "}", "application/json", kLongMs);
}

// "30d", "12h", "90m", "45s", or seconds.
Result<std::int64_t> seconds_of(const std::string& text) {
  if (text.empty()) return std::int64_t{0};
  std::int64_t total = 0;
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digits += c;
      continue;
    }
    const auto n = parse_int(digits);
    const std::int64_t unit = c == 'd' ? 86'400 : c == 'h' ? 3'600 : c == 'm' ? 60 : c == 's';
    if (!n || unit == 0 || *n > 1'000'000) total = -1;
    if (total < 0) break;
    total += *n * unit;
    digits.clear();
  }
  if (total >= 0 && !digits.empty()) total += parse_int(digits).value_or(-1);
  if (total < 0) {
    return invalid("--older-than: '" + text + "' is no span of time",
                   "write it as 30d, 12h or 1d12h");
  }
  return total;
}

Result<std::string> gc_report(Options& o) {
  SW_TRY(o.order.older_than_seconds, seconds_of(o.older_than));
  if (!o.data.empty()) {
    SW_TRY(const auto platform, open_here(o));
    SW_TRY(const auto report, app::collect_garbage(*platform, o.order));
    return app::to_json(report);
  }
  SW_TRY(const auto client, Client::connect(o.server));
  return client.send("POST", "/api/v1/gc", app::to_json(o.order), "application/json", kLongMs);
}

std::size_t length_at(const json::value& report, const char* key) {
  const auto* list = json::find(report, key);
  return list != nullptr && list->is_array() ? list->get_array().size() : 0;
}

int tell_gc(const Options& o, const std::string& text) {
  const auto report = json::parse_value(text);
  if (!report) return fail(report.error());
  if (!o.json.empty()) {
    if (const auto written = write_document(o.json, text); !written) return fail(written.error());
  } else {
    for (const char* kind : {"experiments", "runs", "models", "folders"}) {
      const auto* list = json::find(*report, kind);
      if (list == nullptr || !list->is_array()) continue;
      const std::string word = std::string(kind).substr(0, std::string_view(kind).size() - 1);
      for (const auto& id : list->get_array()) {
        if (id.is_string()) print_line(word + " " + std::string(id.get_string()));
      }
    }
    say(std::string(o.order.dry_run ? "would remove " : "removed ") +
        std::to_string(length_at(*report, "experiments")) + " experiments, " +
        std::to_string(length_at(*report, "runs")) + " runs, " +
        std::to_string(length_at(*report, "models")) + " logged models, " +
        text_of(*report, "traces") + " traces, " + text_of(*report, "files") + " files (" +
        text_of(*report, "bytes") + " bytes), " + text_of(*report, "unnamed_objects") +
        " unused contents");
  }
  const auto* refused = json::find(*report, "refused");
  if (refused == nullptr || !refused->is_array() || refused->get_array().empty()) return kDone;
  for (const auto& each : refused->get_array()) {
    say("error: " + text_of(each, "kind") + " " + text_of(each, "id") +
        " is kept: " + text_of(each, "reason"));
  }
  return kFailed;
}

}  // namespace

int backup(const Args& args) {
  CLI::App app;
  Options o;
  app.add_option("DEST", o.place,
                 "folder of the backup; an earlier one there is brought up to date")
      ->required();
  add_where(app, o);
  if (const auto code = parse(app, "backup", args)) return *code;
  const auto text = backup_report(o);
  if (!text) return fail(text.error());
  if (!o.json.empty()) {
    const auto written = write_document(o.json, *text);
    return written ? kDone : fail(written.error());
  }
  const auto report = json::parse_value(*text);
  if (!report) return fail(report.error());
  print_line("backup in " + text_of(*report, "path") + ": " + text_of(*report, "files") +
             " files, " + text_of(*report, "bytes") + " bytes, " +
             text_of(*report, "copied_bytes") + " of them copied now");
  return kDone;
}

int restore(const Args& args) {
  CLI::App app;
  Options o;
  app.add_option("SRC", o.place, "folder that `slipway backup` wrote")->required();
  app.add_option("--data", o.data, "where the data folder is to be (default: the setting `data`)");
  app.add_option("--store", o.store, "of a PostgreSQL store's backup: the database to fill");
  app.add_flag("--force", o.force, "replace a data folder that is there");
  app.add_option("--json", o.json, "write a summary to this file, - for standard output");
  if (const auto code = parse(app, "restore", args)) return *code;
  std::map<std::string, std::string> flags;
  if (!o.data.empty()) flags["data"] = o.data;
  const auto effective = app::load_config(flags);
  if (!effective) return fail(effective.error());
  std::optional<Progress> bar;
  const auto report =
      app::restore(o.place, effective->config.data, o.store, o.force, watch_by(bar, "restoring"));
  bar.reset();
  if (!report) return fail(report.error());
  if (!o.json.empty()) {
    const auto written = write_document(o.json, app::to_json(*report));
    return written ? kDone : fail(written.error());
  }
  print_line("restored " + std::to_string(report->files) + " files, " +
             std::to_string(report->bytes) + " bytes, into " + report->path);
  return kDone;
}

int gc(const Args& args) {
  CLI::App app;
  Options o;
  app.add_option("--older-than", o.older_than, "only what was deleted so long ago: 30d, 12h");
  app.add_flag("--dry-run", o.order.dry_run, "say what would be removed");
  app.add_option("--experiment", o.order.experiments, "only this experiment, and all in it");
  app.add_option("--run", o.order.runs, "only this run");
  app.add_option("--logged-model", o.order.models, "only this logged model");
  app.add_flag("--force", o.order.force, "also what a version of a model stems from");
  add_where(app, o);
  if (const auto code = parse(app, "gc", args)) return *code;
  const auto report = gc_report(o);
  return report ? tell_gc(o, *report) : fail(report.error());
}

}  // namespace slipway::cli
