// SPDX-License-Identifier: Apache-2.0
#include "drivers/wandb/wandb.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "blob/files_below.h"
#include "json/value.h"
#include "log_file.h"
#include "media.h"
#include "transfer/collect.h"

namespace slipway::drivers::wandb {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileLimit = std::size_t{4} << 30;
constexpr std::size_t kOutputLimit = std::size_t{256} << 20;
constexpr std::size_t kPointsAtOnce = 8192;
// Part of what a run's state is: what was read in an older way is read again.
constexpr const char* kReading = "2;";

// Numbers of a value, by key: objects become keys joined by dots. `other` gets what is none.
void spread(const std::string& key, const json::value& from,
            const std::function<void(const std::string&, double)>& number,
            const std::function<void(const std::string&, const json::value&)>& other) {
  if (from.is_number()) return number(key, from.to_number<double>());
  if (from.is_bool()) return number(key, from.get_bool() ? 1 : 0);
  if (from.is_string()) {
    const std::string_view text(from.get_string());
    if (text == "NaN") return number(key, std::numeric_limits<double>::quiet_NaN());
    if (text == "Infinity") return number(key, std::numeric_limits<double>::infinity());
    if (text == "-Infinity") return number(key, -std::numeric_limits<double>::infinity());
  }
  if (from.is_object() && json::find(from, "_type") == nullptr) {
    for (const auto& [name, value] : from.get_object()) {
      spread(key + "." + std::string(name), value, number, other);
    }
    return;
  }
  other(key, from);
}

// JSON, or one of the three words that JSON lacks.
Result<json::value> parse(const std::string& text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return json::value(text);
  return json::parse_value(text);
}

// When a row was written; it says so itself.
std::int64_t time_of(const Row& row, std::int64_t fallback) {
  for (const auto& item : row.items) {
    if (item.key != "_timestamp") continue;
    const auto seconds = parse_double(item.json);
    if (seconds && *seconds >= 0 && *seconds < 9e12) {
      return static_cast<std::int64_t>(std::llround(*seconds * 1000));
    }
  }
  return fallback;
}

bool is_own(const std::string& key) {
  return key == "_step" || key == "_timestamp" || key == "_runtime";
}

// The values of a row. Some versions write an object member by member ("image._type",
// "image.path"): such a one is put together again.
std::map<std::string, json::value> values_of(const Row& row) {
  constexpr std::string_view kMark = "._type";
  std::map<std::string, json::value> out;
  for (const auto& item : row.items) {
    if (item.key.ends_with(kMark)) {
      out.emplace(item.key.substr(0, item.key.size() - kMark.size()), json::object());
    }
  }
  for (const auto& item : row.items) {
    auto value = parse(item.json);
    if (!value || is_own(item.key)) continue;
    auto owner = out.end();
    std::size_t dot = std::string::npos;
    while (owner == out.end() && dot != 0) {
      dot = item.key.rfind('.', dot == std::string::npos ? dot : dot - 1);
      if (dot == std::string::npos) break;
      owner = out.find(item.key.substr(0, dot));
      if (owner != out.end() && !owner->second.is_object()) owner = out.end();
    }
    if (owner == out.end()) {
      out[item.key] = *std::move(value);
      continue;
    }
    auto* place = &owner->second;
    for (const auto part : split(std::string_view(item.key).substr(dot + 1), '.')) {
      if (!place->is_object()) *place = json::object();
      place = &place->get_object()[part];
    }
    *place = *std::move(value);
  }
  return out;
}

// Is it a member ("image.width") of an object that names its type?
bool is_of_medium(const std::map<std::string, std::string>& all, const std::string& key) {
  for (auto dot = key.rfind('.'); dot != std::string::npos && dot > 0;
       dot = key.rfind('.', dot - 1)) {
    if (all.contains(key.substr(0, dot) + "._type")) return true;
  }
  return false;
}

using Points = std::map<std::string, transfer::PointsRecord>;

void add_point(Points& points, const std::string& key, double value, std::int64_t time,
               std::int64_t step) {
  auto& record = points[key];
  record.values.push_back(value);
  record.times.push_back(time);
  record.steps.push_back(step);
}

class FolderSource : public transfer::Source {
 public:
  explicit FolderSource(fs::path root) : root_(std::move(root)) {}
  ~FolderSource() override {
    std::error_code error;
    if (!extracted_.empty()) fs::remove_all(extracted_, error);
  }
  FolderSource(const FolderSource&) = delete;
  FolderSource& operator=(const FolderSource&) = delete;

  Result<void> prepare() {
    std::error_code error;
    fs::recursive_directory_iterator it(root_, error);
    for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      if (it->path().extension() != ".wandb" || !it->is_regular_file(ignored)) continue;
      RunLog log;
      SW_CHECK_OK(read(it->path(), log));
      if (log.id.empty()) {
        problems_.insert("'" + it->path().string() + "' names no run");
        continue;
      }
      const auto project = log.project.empty() ? std::string("wandb") : log.project;
      files_[sha256_hex("wandb\n" + project + "\n" + log.id).substr(0, 32)] = it->path();
      projects_.insert(project);
    }
    if (error) return unavailable("cannot list '" + root_.string() + "': " + error.message());
    if (!files_.empty()) return {};
    return invalid("'" + root_.string() + "' holds no offline runs of W&B",
                   "give a folder such as \"wandb\", with offline-run-* folders in it");
  }

  std::string name() const override { return "wandb:" + root_.string(); }
  Result<std::int64_t> count_runs() override { return static_cast<std::int64_t>(files_.size()); }

  Result<void> experiments(const Each<transfer::ExperimentRecord>& each) override {
    for (const auto& project : projects_) {
      SW_CHECK_OK(each({.id = project, .name = project, .tags = {{"slipway.source", name()}}}));
    }
    return {};
  }

  Result<void> runs(const Each<std::vector<transfer::SourceRun>>& each) override {
    for (const auto& [id, path] : files_) {
      RunLog log;
      SW_CHECK_OK(read(path, log));
      std::error_code error;
      SW_CHECK_OK(each({{.record = record_of(id, log),
                         .points = -1,
                         .state = kReading + std::to_string(fs::file_size(path, error))}}));
    }
    return {};
  }

  Result<void> points(const std::vector<std::string>& runs,
                      const Each<transfer::PointsRecord>& each) override;
  Result<void> series(const std::vector<std::string>& runs,
                      const Each<transfer::SeriesRecord>& each) override;
  Result<void> console(const std::vector<std::string>& runs,
                       const Each<transfer::ConsoleRecord>& each) override;
  Result<std::vector<transfer::SourceFile>> files(transfer::Owner owner,
                                                  const std::string& id) override;
  Result<std::unique_ptr<blob::Reader>> open(const transfer::SourceFile& file) override {
    return blob::open_file(file.handle);
  }
  std::vector<std::string> problems() const override {
    return {problems_.begin(), problems_.end()};
  }

 private:
  Result<void> read(const fs::path& path, RunLog& log) {
    SW_TRY(const auto bytes, blob::read_file(path.string(), kFileLimit));
    const auto end = read_log(bytes, [&](std::string_view record) { log.add(record); });
    if (!end) {
      problems_.insert("'" + path.string() + "': " + end.error().message);
    } else if (!end->damage.empty()) {
      problems_.insert("'" + path.string() + "' is damaged at byte " + std::to_string(end->offset) +
                       ": " + end->damage + "; what stands before it was read");
    }
    return {};
  }
  transfer::RunRecord record_of(const std::string& id, const RunLog& log) const;
  Result<void> extract(const std::string& id, const fs::path& folder);

  fs::path root_;
  std::map<std::string, fs::path> files_;
  std::set<std::string> projects_;
  fs::path extracted_;
  std::set<std::string> problems_;
};

transfer::RunRecord FolderSource::record_of(const std::string& id, const RunLog& log) const {
  transfer::RunRecord run{.id = id};
  run.experiment = log.project.empty() ? "wandb" : log.project;
  run.name = log.name.empty() ? log.id : log.name;
  run.user = log.user;
  run.status = !log.exit_code ? "killed" : *log.exit_code == 0 ? "finished" : "failed";
  run.started = log.started;
  run.ended = log.started + log.runtime * 1000;
  for (const auto& [key, text] : log.config) {
    if (key == "_wandb" || key.starts_with("_wandb.")) continue;  // its own, also of its charts
    const auto add = [&](const std::string& name, std::string value) {
      run.params.push_back({name, std::move(value)});
    };
    const auto value = parse(text);
    if (!value) {
      add(key, text);
      continue;
    }
    // Numbers stay as they were written: "0.1", "3".
    std::function<void(const std::string&, const json::value&)> walk = [&](const std::string& name,
                                                                           const json::value& v) {
      if (v.is_object()) {
        for (const auto& [k, inner] : v.get_object()) walk(name + "." + std::string(k), inner);
      } else {
        add(name, v.is_string()   ? std::string(std::string_view(v.get_string()))
                  : v.is_double() ? number_text(v.get_double())
                                  : json::dump_value(v));
      }
    };
    walk(key, *value);
  }
  const auto tag = [&](const char* key, const std::string& value) {
    if (!value.empty()) run.tags.push_back({key, value});
  };
  tag("mlflow.runName", run.name);
  tag("mlflow.user", log.user);
  tag("mlflow.source.name", log.program);
  tag("mlflow.source.git.commit", log.commit);
  tag("mlflow.source.git.repoURL", log.remote);
  tag("mlflow.note.content", log.notes);
  tag("wandb.run_id", log.id);
  tag("wandb.group", log.group);
  tag("wandb.job_type", log.job_type);
  tag("wandb.host", log.host);
  std::string joined;
  for (const auto& each : log.tags) (joined += joined.empty() ? "" : ",") += each;
  tag("wandb.tags", joined);
  return run;
}

Result<void> FolderSource::points(const std::vector<std::string>& runs,
                                  const Each<transfer::PointsRecord>& each) {
  for (const auto& id : runs) {
    Points points;
    RunLog log;
    std::int64_t last_step = 0;
    std::int64_t last_time = 0;
    std::int64_t samples = 0;
    const auto ignore = [](const std::string&, const json::value&) {};
    log.on_row = [&](const Row& row) {
      const auto time = time_of(row, log.started);
      last_step = row.step;
      last_time = time;
      for (const auto& [name, value] : values_of(row)) {
        spread(
            name, value,
            [&](const std::string& key, double x) { add_point(points, key, x, time, row.step); },
            ignore);
      }
    };
    log.on_stats = [&](const Stats& stats) {
      for (const auto& item : stats.items) {
        if (item.key.starts_with('_')) continue;
        if (const auto value = parse(item.json)) {
          spread(
              "system/" + item.key, *value,
              [&](const std::string& key, double x) {
                add_point(points, key, x, stats.time, samples);
              },
              ignore);
        }
      }
      ++samples;
    };
    SW_CHECK_OK(read(files_.at(id), log));
    // What only the summary tells is the last word on it.
    for (const auto& [key, text] : log.summary) {
      if (key.starts_with('_') || points.contains(key) || is_of_medium(log.summary, key)) continue;
      if (const auto value = parse(text)) {
        spread(
            key, *value,
            [&](const std::string& name, double x) {
              if (!points.contains(name)) add_point(points, name, x, last_time, last_step);
            },
            ignore);
      }
    }
    for (auto& [key, record] : points) {
      for (std::size_t at = 0; at < record.values.size(); at += kPointsAtOnce) {
        transfer::PointsRecord piece{.run = id, .key = key};
        for (auto i = at; i < std::min(record.values.size(), at + kPointsAtOnce); ++i) {
          piece.values.push_back(record.values[i]);
          piece.times.push_back(record.times[i]);
          piece.steps.push_back(record.steps[i]);
        }
        SW_CHECK_OK(each(std::move(piece)));
      }
    }
  }
  return {};
}

Result<void> FolderSource::series(const std::vector<std::string>& runs,
                                  const Each<transfer::SeriesRecord>& each) {
  for (const auto& id : runs) {
    transfer::SeriesCollector out(id, each);
    Result<void> done;
    RunLog log;
    log.on_row = [&](const Row& row) {
      const auto time = time_of(row, log.started);
      for (const auto& [name, value] : values_of(row)) {
        spread(
            name, value, [](const std::string&, double) {},
            [&](const std::string& key, const json::value& other) {
              for (auto& medium : media_of(other)) {
                if (!done) return;
                done = out.add(key, medium.kind,
                               {std::to_string(row.step), std::max<std::int64_t>(time, 0),
                                std::move(medium.path), std::move(medium.content)});
              }
            });
      }
    };
    SW_CHECK_OK(read(files_.at(id), log));
    SW_CHECK_OK(std::move(done));
    SW_CHECK_OK(out.finish());
  }
  return {};
}

Result<void> FolderSource::console(const std::vector<std::string>& runs,
                                   const Each<transfer::ConsoleRecord>& each) {
  for (const auto& id : runs) {
    transfer::ConsoleCollector out(id, each);
    Result<void> done;
    RunLog log;
    log.on_output = [&](const Output& output) {
      const auto time = output.time > 0 ? output.time : std::max<std::int64_t>(log.started, 0);
      if (done) done = out.add(output.err ? "stderr" : "stdout", time, output.text);
    };
    SW_CHECK_OK(read(files_.at(id), log));
    SW_CHECK_OK(std::move(done));
    // Some versions write what was printed into a file only.
    if (log.output.empty()) {
      const auto file = files_.at(id).parent_path() / "files/output.log";
      std::error_code error;
      if (fs::is_regular_file(file, error)) {
        SW_TRY(const auto text, blob::read_file(file.string(), kOutputLimit));
        SW_CHECK_OK(out.add("stdout", std::max<std::int64_t>(log.started, 0), text));
      }
    }
    SW_CHECK_OK(out.finish());
  }
  return {};
}

// What is no number: texts, images by their path, histograms, tables.
Result<void> FolderSource::extract(const std::string& id, const fs::path& folder) {
  std::string lines;
  RunLog log;
  log.on_row = [&](const Row& row) {
    for (const auto& item : row.items) {
      const auto value = parse(item.json);
      if (!value) continue;
      spread(
          item.key, *value, [](const std::string&, double) {},
          [&](const std::string& key, const json::value& other) {
            append_json_string((lines += "{\"step\":" + std::to_string(row.step)) += ",\"key\":",
                               key);
            (lines += ",\"value\":") += json::dump_value(other) + "}\n";
          });
    }
  };
  SW_CHECK_OK(read(files_.at(id), log));
  const auto object_of = [](const std::map<std::string, std::string>& from) {
    std::string out = "{";
    for (const auto& [key, text] : from) {
      append_json_string(out += out.size() > 1 ? "," : "", key);
      const auto value = parse(text);
      (out += ":") += value ? json::dump_value(*value) : "null";
    }
    return out + "}\n";
  };
  const auto put = [&](const char* name, const std::string& text) -> Result<void> {
    return text.empty() ? Result<void>()
                        : blob::write_file_atomically((folder / name).string(), text);
  };
  SW_CHECK_OK(put("wandb/history.jsonl", lines));
  SW_CHECK_OK(put("wandb/summary.json", object_of(log.summary)));
  SW_CHECK_OK(put("wandb/config.json", object_of(log.config)));
  std::error_code error;
  const auto printed = files_.at(id).parent_path() / "files/output.log";
  return fs::exists(printed, error) ? Result<void>() : put("output.log", log.output);
}

Result<std::vector<transfer::SourceFile>> FolderSource::files(transfer::Owner,
                                                              const std::string& id) {
  if (extracted_.empty()) {
    auto path = (fs::temp_directory_path() / "slipway-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) return exhausted("cannot make a temporary folder");
    extracted_ = path;
  }
  const auto folder = extracted_ / id;
  SW_CHECK_OK(extract(id, folder));
  std::vector<transfer::SourceFile> out;
  for (const auto& from : {(files_.at(id).parent_path() / "files"), folder}) {
    SW_TRY(const auto found, blob::files_below(from.string()));
    for (const auto& file : found) {
      out.push_back({file.path, file.size, std::to_string(file.size), file.full_path});
    }
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<transfer::Source>> open(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return not_found("there is no folder '" + folder + "'");
  auto source = std::make_unique<FolderSource>(fs::absolute(folder).lexically_normal());
  SW_CHECK_OK(source->prepare());
  return std::unique_ptr<transfer::Source>(std::move(source));
}

}  // namespace slipway::drivers::wandb
