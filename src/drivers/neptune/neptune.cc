// SPDX-License-Identifier: Apache-2.0
#include "drivers/neptune/neptune.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "attributes.h"
#include "base/hash.h"
#include "base/text.h"
#include "blob/files_below.h"
#include "tracking/step.h"
#include "transfer/collect.h"

namespace slipway::drivers::neptune {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPointsAtOnce = 8192;

struct FoundRun {
  std::string project;
  std::string name;
  std::set<fs::path> files;  // in the order of their names; a run may have several parts
};

// An attribute's path with the ending of the file behind it, for viewers go by that.
std::string named_like(const std::string& path, const std::string& file) {
  const auto name = file.substr(file.rfind('/') + 1);
  const auto dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0 || path.ends_with(name.substr(dot))) return path;
  return path + name.substr(dot);
}

std::string path_of_entry(const Attribute& entry) {
  return safe_path(named_like(entry.path + "/" + entry.step, entry.text));
}

class FolderSource : public transfer::Source {
 public:
  FolderSource(fs::path root, fs::path files, ReadParquet read)
      : root_(std::move(root)), files_(std::move(files)), read_(std::move(read)) {}

  Result<void> prepare();

  std::string name() const override { return "neptune:" + root_.string(); }
  Result<std::int64_t> count_runs() override { return static_cast<std::int64_t>(runs_.size()); }
  Result<void> experiments(const Each<transfer::ExperimentRecord>& each) override {
    std::set<std::string> projects;
    for (const auto& [id, run] : runs_) projects.insert(run.project);
    for (const auto& project : projects) {
      SW_CHECK_OK(each({.id = project, .name = project, .tags = {{"slipway.source", name()}}}));
    }
    return {};
  }
  Result<void> runs(const Each<std::vector<transfer::SourceRun>>& each) override;
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
  Result<void> rows(const std::string& id, const std::function<Result<void>(Attribute)>& each);
  Result<void> find_runs(const fs::path& file);
  // The exported file behind a path in the data; nothing when it is not there.
  std::optional<fs::path> file_of(const FoundRun& run, const std::string& path);

  fs::path root_;
  fs::path files_;
  ReadParquet read_;
  std::map<std::string, FoundRun> runs_;
  std::set<std::string> problems_;
};

Result<void> FolderSource::prepare() {
  std::error_code error;
  std::set<fs::path> found;
  fs::recursive_directory_iterator it(root_, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    std::error_code ignored;
    if (it->is_directory(ignored) && (name == "models" || name == "model_versions")) {
      problems_.insert("'" + it->path().string() + "': the model registry is not imported");
      it.disable_recursion_pending();
    } else if (it->path().extension() == ".parquet" && it->is_regular_file(ignored)) {
      found.insert(it->path());
    }
  }
  if (error) return unavailable("cannot list '" + root_.string() + "': " + error.message());
  for (const auto& file : found) SW_CHECK_OK(find_runs(file));
  if (!runs_.empty()) return {};
  if (!problems_.empty()) return invalid("'" + root_.string() + "': " + *problems_.begin());
  return invalid("'" + root_.string() + "' holds no export of Neptune",
                 "give the folder that neptune-exporter wrote, with *_part_0.parquet files in it");
}

Result<void> FolderSource::find_runs(const fs::path& file) {
  const auto done = read_(
      file.string(), {"project_id", "run_id", "attribute_path"},
      [&](const Cells& cells, std::size_t count) -> Result<void> {
        for (std::size_t i = 0; i < count; ++i) {
          if (!cells[1][i]) continue;
          const auto project = cells[0][i].value_or("neptune");
          auto& run = runs_[sha256_hex("neptune\n" + project + "\n" + *cells[1][i]).substr(0, 32)];
          run.project = project;
          run.name = *cells[1][i];
          run.files.insert(file);
        }
        return {};
      });
  // Without the library nothing can be read; a file that is damaged is told.
  if (!done && done.error().code != Code::invalid_argument) return done;
  if (!done) problems_.insert(done.error().message);
  return {};
}

Result<void> FolderSource::rows(const std::string& id,
                                const std::function<Result<void>(Attribute)>& each) {
  const auto& run = runs_.at(id);
  for (const auto& file : run.files) {
    SW_CHECK_OK(read_(file.string(), columns(), [&](const Cells& cells, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        auto attribute = attribute_of(cells, i);
        if (!attribute || attribute->run != run.name) continue;
        if (attribute->project != run.project && !attribute->project.empty()) continue;
        if (auto done = each(*std::move(attribute)); !done) return done;
      }
      return Result<void>();
    }));
  }
  return {};
}

Result<void> FolderSource::runs(const Each<std::vector<transfer::SourceRun>>& each) {
  for (const auto& [id, found] : runs_) {
    transfer::SourceRun run;
    auto& record = run.record;
    record.id = id;
    record.experiment = found.project;
    record.status = "finished";
    record.started = std::numeric_limits<std::int64_t>::max();
    std::int64_t first = record.started;
    std::int64_t last = 0;
    std::string named;
    std::string custom;
    SW_CHECK_OK(rows(id, [&](const Attribute& attribute) -> Result<void> {
      if (attribute.kind == Kind::config) add_config(record, attribute);
      if (attribute.path == "sys/name") named = attribute.text;
      if (attribute.path == "sys/custom_run_id") custom = attribute.text;
      if (attribute.time > 0) {
        first = std::min(first, attribute.time);
        last = std::max(last, attribute.time);
      }
      return {};
    }));
    record.name = !custom.empty() ? custom : !named.empty() ? named : found.name;
    if (record.started == std::numeric_limits<std::int64_t>::max()) {
      record.started = last > 0 ? first : 0;
    }
    if (!record.ended && last > 0) record.ended = last;
    record.tags.push_back({"mlflow.runName", record.name});
    if (!record.user.empty()) record.tags.push_back({"mlflow.user", record.user});
    record.tags.push_back({"neptune.run_id", found.name});
    record.tags.push_back({"slipway.source", name()});
    for (const auto& file : found.files) {
      std::error_code error;
      run.state +=
          file.filename().string() + "=" + std::to_string(fs::file_size(file, error)) + ";";
    }
    SW_CHECK_OK(each({std::move(run)}));
  }
  return {};
}

Result<void> FolderSource::points(const std::vector<std::string>& runs,
                                  const Each<transfer::PointsRecord>& each) {
  for (const auto& id : runs) {
    std::map<std::string, transfer::PointsRecord> waiting;
    SW_CHECK_OK(rows(id, [&](const Attribute& entry) -> Result<void> {
      if (entry.kind != Kind::float_series) return {};
      const auto step = tracking::Step::parse(entry.step);
      if (!step) {
        problems_.insert("run '" + runs_.at(id).name + "': '" + entry.path + "' has the step '" +
                         entry.step + "'");
        return {};
      }
      auto& record = waiting[entry.path];
      record.values.push_back(entry.number);
      record.times.push_back(entry.time);
      record.steps.push_back(step->whole());
      record.parts.push_back(step->part());
      if (record.values.size() < kPointsAtOnce) return {};
      record.run = id;
      record.key = entry.path;
      return each(std::exchange(record, {}));
    }));
    for (auto& [key, record] : waiting) {
      if (record.values.empty()) continue;
      record.run = id;
      record.key = key;
      SW_CHECK_OK(each(std::move(record)));
    }
  }
  return {};
}

Result<void> FolderSource::series(const std::vector<std::string>& runs,
                                  const Each<transfer::SeriesRecord>& each) {
  for (const auto& id : runs) {
    transfer::SeriesCollector out(id, each);
    SW_CHECK_OK(rows(id, [&](const Attribute& entry) -> Result<void> {
      transfer::SeriesEntryRecord record{.step = entry.step, .time = entry.time};
      if (entry.kind == Kind::string_series && stream_of(entry.path).empty()) {
        append_json_string(record.content, entry.text);
        return out.add(entry.path, "text", std::move(record));
      }
      if (entry.kind == Kind::histogram_series) {
        record.content = histogram_of(entry.text);
        if (!record.content.empty()) return out.add(entry.path, "histogram", std::move(record));
      }
      if (entry.kind == Kind::file_series && file_of(runs_.at(id), entry.text)) {
        record.path = path_of_entry(entry);
        return out.add(entry.path, kind_of_file(entry.text), std::move(record));
      }
      return {};
    }));
    SW_CHECK_OK(out.finish());
  }
  return {};
}

Result<void> FolderSource::console(const std::vector<std::string>& runs,
                                   const Each<transfer::ConsoleRecord>& each) {
  for (const auto& id : runs) {
    transfer::ConsoleCollector out(id, each);
    SW_CHECK_OK(rows(id, [&](const Attribute& entry) -> Result<void> {
      if (entry.kind != Kind::string_series) return {};
      const auto stream = stream_of(entry.path);
      if (stream.empty()) return {};
      // An entry is a line, with or without its break.
      return out.add(stream, entry.time,
                     entry.text.ends_with('\n') ? entry.text : entry.text + "\n");
    }));
    SW_CHECK_OK(out.finish());
  }
  return {};
}

std::optional<fs::path> FolderSource::file_of(const FoundRun& run, const std::string& path) {
  const auto relative = safe_path(path);
  if (relative.empty() || run.files.empty()) return std::nullopt;
  const auto project = run.files.begin()->parent_path().filename();
  std::error_code error;
  for (const auto& place : {files_ / project / relative, files_ / relative}) {
    if (fs::exists(place, error)) return place;
  }
  problems_.insert("run '" + run.name + "': there is no file '" + path + "' in '" +
                   files_.string() + "'");
  return std::nullopt;
}

Result<std::vector<transfer::SourceFile>> FolderSource::files(transfer::Owner,
                                                              const std::string& id) {
  std::map<std::string, fs::path> wanted;
  SW_CHECK_OK(rows(id, [&](const Attribute& entry) -> Result<void> {
    const bool entry_of_series = entry.kind == Kind::file_series;
    if (!entry_of_series && entry.kind != Kind::file && entry.kind != Kind::file_set) return {};
    const auto file = file_of(runs_.at(id), entry.text);
    if (!file) return {};
    std::error_code error;
    if (!fs::is_directory(*file, error)) {
      wanted[entry_of_series ? path_of_entry(entry)
                             : safe_path(named_like(entry.path, entry.text))] = *file;
      return {};
    }
    SW_TRY(const auto below, blob::files_below(file->string()));
    for (const auto& each : below) wanted[safe_path(entry.path + "/" + each.path)] = each.full_path;
    return {};
  }));
  std::vector<transfer::SourceFile> out;
  for (const auto& [path, file] : wanted) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (!error) out.push_back({path, size, std::to_string(size), file.string()});
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<transfer::Source>> open(const std::string& folder, const std::string& files,
                                               ReadParquet read) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return not_found("there is no folder '" + folder + "'");
  auto root = fs::absolute(folder).lexically_normal();
  if (root.filename().empty()) root = root.parent_path();
  if (fs::is_directory(root / "data", error)) root /= "data";
  const auto beside = files.empty() ? root.parent_path() / "files" : fs::absolute(files);
  auto source = std::make_unique<FolderSource>(root, beside, std::move(read));
  SW_CHECK_OK(source->prepare());
  return std::unique_ptr<transfer::Source>(std::move(source));
}

}  // namespace slipway::drivers::neptune
