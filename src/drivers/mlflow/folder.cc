// SPDX-License-Identifier: Apache-2.0
// MLflow's file store: a folder for each experiment, in it one for each run, in it a file for each
// metric, param and tag.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <tuple>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "folder_traces.h"
#include "places.h"
#include "sources.h"
#include "yaml/yaml.h"

namespace slipway::drivers::mlflow {
namespace {

namespace fs = std::filesystem;
using transfer::Record;

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) out.push_back(it->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The fields of a meta.yaml, texts as they stand.
class Meta {
 public:
  static Result<Meta> read(const fs::path& folder) {
    const auto path = (folder / "meta.yaml").string();
    SW_TRY(const auto bytes, blob::read_file(path, 4 << 20));
    Meta out;
    SW_TRY(out.root_, yaml::parse(bytes, path));
    return out;
  }
  std::optional<std::string> maybe(std::string_view key) const {
    const auto* node = root_->find(key);
    if (node == nullptr || !node->is_scalar() || node->kind == yaml::Node::Kind::null) return {};
    return node->text;
  }
  std::string text(std::string_view key) const { return maybe(key).value_or(""); }
  std::optional<std::int64_t> number(std::string_view key) const {
    const auto found = maybe(key);
    return found ? parse_int(*found) : std::nullopt;
  }
  transfer::Pairs pairs(std::string_view key) const {
    transfer::Pairs out;
    if (const auto* node = root_->find(key)) {
      for (const auto& [name, value] : node->members) out.push_back({name, value->text});
    }
    return out;
  }

 private:
  yaml::NodePtr root_;
};

bool has_meta(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "meta.yaml", error);
}

// A file for each key; keys with slashes are folders.
Result<transfer::Pairs> pairs_below(const fs::path& folder) {
  transfer::Pairs out;
  SW_TRY(const auto files, files_below(folder.string()));
  for (const auto& file : files) {
    SW_TRY(auto value, blob::read_file(file.handle));
    out.push_back({file.path, std::move(value)});
  }
  return out;
}

double value_of(std::string_view word) {
  const auto lower = to_lower(word);
  constexpr auto kInfinity = std::numeric_limits<double>::infinity();
  if (lower == "inf" || lower == "infinity") return kInfinity;
  if (lower == "-inf" || lower == "-infinity") return -kInfinity;
  return parse_double(word).value_or(std::numeric_limits<double>::quiet_NaN());
}

struct Point {
  std::int64_t step = 0;
  std::int64_t time = 0;
  double value = 0;
  auto key() const { return std::tuple(step, time, number_text(value)); }
};

std::string status_of(const Meta& meta) {
  constexpr const char* kWords[] = {"running",  "running", "scheduled",
                                    "finished", "failed",  "killed"};
  const auto found = meta.number("status");
  if (!found) return status_word(meta.text("status"));
  return *found >= 0 && *found <= 5 ? kWords[*found] : meta.text("status");
}

struct FoundRun {
  fs::path folder;
  fs::path experiment;
};

class FolderSource : public transfer::Source {
 public:
  explicit FolderSource(fs::path root) : root_(std::move(root)) {}

  Result<void> prepare() {
    for (const auto& parent : {root_, root_ / ".trash"}) {
      for (const auto& folder : folders_in(parent)) {
        if (folder.filename() == "models" || folder.filename() == ".trash") continue;
        if (has_meta(folder)) experiments_.push_back(folder);
      }
    }
    if (experiments_.empty()) {
      return invalid("'" + root_.string() + "' holds no experiments of MLflow",
                     "give the folder that has the experiments' folders in it, often \"mlruns\"");
    }
    for (const auto& experiment : experiments_) {
      for (const auto& folder : folders_in(experiment)) {
        const auto name = folder.filename().string();
        if (name == "tags" || name == "datasets" || name == "traces" || name == "models") continue;
        if (has_meta(folder)) runs_[name] = {folder, experiment};
      }
      for (const auto& folder : folders_in(experiment / "models")) {
        if (has_meta(folder)) logged_models_[folder.filename().string()] = folder;
      }
    }
    return {};
  }

  std::string name() const override { return "file://" + root_.string(); }
  Result<std::int64_t> count_runs() override { return static_cast<std::int64_t>(runs_.size()); }

  Result<void> experiments(const Each<transfer::ExperimentRecord>& each) override {
    for (const auto& folder : experiments_) {
      SW_TRY(const auto meta, Meta::read(folder));
      transfer::ExperimentRecord out{.id = meta.text("experiment_id"), .name = meta.text("name")};
      out.created = meta.number("creation_time").value_or(0);
      out.updated = meta.number("last_update_time").value_or(out.created);
      out.deleted =
          folder.parent_path().filename() == ".trash" || meta.text("lifecycle_stage") == "deleted";
      SW_TRY(out.tags, pairs_below(folder / "tags"));
      out.artifacts = staying_uri(meta.text("artifact_location"), root_.string());
      SW_CHECK_OK(each(std::move(out)));
    }
    return {};
  }

  Result<void> runs(const Each<std::vector<transfer::SourceRun>>& each) override {
    std::vector<transfer::SourceRun> batch;
    for (const auto& [id, place] : runs_) {
      SW_TRY(auto run, read_run(place));
      batch.push_back(std::move(run));
      if (batch.size() < 100) continue;
      SW_CHECK_OK(each(std::move(batch)));
      batch.clear();
    }
    return batch.empty() ? Result<void>() : each(std::move(batch));
  }

  Result<void> points(const std::vector<std::string>& runs,
                      const Each<transfer::PointsRecord>& each) override {
    for (const auto& run : runs) {
      SW_TRY(const auto files, files_below((runs_.at(run).folder / "metrics").string()));
      for (const auto& file : files) SW_CHECK_OK(points_of(run, file, each));
    }
    return {};
  }

  Result<void> logged_models(const Each<transfer::LoggedModelRecord>& each) override;
  Result<void> models(const Each<Record>& each) override;
  Result<void> traces(const Each<std::vector<transfer::TraceRecord>>& each) override {
    for (const auto& folder : experiments_) {
      SW_TRY(const auto meta, Meta::read(folder));
      SW_CHECK_OK(traces_.traces(folder.string(), meta.text("experiment_id"), each));
    }
    return {};
  }
  Result<void> spans(transfer::TraceRecord& trace) override { return traces_.spans(trace); }
  std::vector<std::string> problems() const override { return traces_.problems(); }

  Result<std::vector<transfer::SourceFile>> files(transfer::Owner owner,
                                                  const std::string& id) override {
    if (owner == transfer::Owner::trace) return traces_.files(id);
    const auto folder = owner == transfer::Owner::run ? runs_.at(id).folder : logged_models_.at(id);
    SW_TRY(auto found, files_below((folder / "artifacts").string()));
    if (!found.empty()) return found;
    // The experiment may have been given another place for its files.
    SW_TRY(const auto meta, Meta::read(folder));
    const auto uri =
        meta.text(owner == transfer::Owner::run ? "artifact_uri" : "artifact_location");
    const auto place = place_of(uri, root_.string());
    if (place.kind != Place::Kind::folder) return found;
    return files_below(place.path);
  }
  Result<std::unique_ptr<blob::Reader>> open(const transfer::SourceFile& file) override {
    return open_file(file.handle);
  }

 private:
  Result<transfer::SourceRun> read_run(const FoundRun& place);
  Result<void> read_links(const FoundRun& place, transfer::RunRecord& run);
  static Result<void> points_of(const std::string& run, const transfer::SourceFile& file,
                                const Each<transfer::PointsRecord>& each);
  Result<void> versions_of(const fs::path& folder, const Meta& meta, const Each<Record>& each);

  fs::path root_;
  std::vector<fs::path> experiments_;
  std::map<std::string, FoundRun> runs_;
  std::map<std::string, fs::path> logged_models_;
  TraceFolders traces_{root_.string()};
};

Result<transfer::SourceRun> FolderSource::read_run(const FoundRun& place) {
  SW_TRY(const auto meta, Meta::read(place.folder));
  transfer::SourceRun out;
  auto& run = out.record;
  run.id = meta.maybe("run_id").value_or(meta.text("run_uuid"));
  run.experiment = meta.text("experiment_id");
  run.name = meta.maybe("run_name").value_or(meta.text("name"));
  run.user = meta.text("user_id");
  run.status = status_of(meta);
  run.started = meta.number("start_time").value_or(0);
  run.ended = meta.number("end_time");
  run.deleted = meta.text("lifecycle_stage") == "deleted";
  run.deleted_at = meta.number("deleted_time");
  run.artifacts = staying_uri(meta.text("artifact_uri"), root_.string());
  if (run.id != place.folder.filename().string()) {
    return invalid("'" + place.folder.string() + "' holds the run '" + run.id + "'",
                   "a run's folder is named like the run");
  }
  SW_TRY(run.params, pairs_below(place.folder / "params"));
  SW_TRY(run.tags, pairs_below(place.folder / "tags"));
  name_from_tags(run);
  SW_CHECK_OK(read_links(place, run));
  SW_TRY(const auto metrics, files_below((place.folder / "metrics").string()));
  for (const auto& file : metrics) out.state += file.path + "=" + file.state + ";";
  return out;
}

Result<void> FolderSource::read_links(const FoundRun& place, transfer::RunRecord& run) {
  for (const auto& folder : folders_in(place.folder / "inputs")) {
    if (!has_meta(folder)) continue;
    SW_TRY(const auto meta, Meta::read(folder));
    const auto id = meta.text("source_id");
    if (meta.text("source_type") != "DATASET") {
      run.model_inputs.push_back(id);
      continue;
    }
    const auto dataset = place.experiment / "datasets" / id;
    if (!has_meta(dataset)) continue;
    SW_TRY(const auto data, Meta::read(dataset));
    run.inputs.push_back({.name = data.text("name"),
                          .digest = data.text("digest"),
                          .source_type = data.text("source_type"),
                          .source = data.text("source"),
                          .schema = data.maybe("schema"),
                          .profile = data.maybe("profile"),
                          .tags = meta.pairs("tags")});
  }
  for (const auto& folder : folders_in(place.folder / "outputs")) {
    if (!has_meta(folder)) continue;
    SW_TRY(const auto meta, Meta::read(folder));
    run.model_outputs.push_back({meta.text("source_id"), meta.number("step").value_or(0)});
  }
  return {};
}

// "time value step", and in newer files a dataset's name and digest; the same line twice is the
// same observation.
Result<void> FolderSource::points_of(const std::string& run, const transfer::SourceFile& file,
                                     const Each<transfer::PointsRecord>& each) {
  SW_TRY(const auto bytes, blob::read_file(file.handle, std::size_t{4} << 30));
  std::vector<Point> points;
  for (const auto line : split(bytes, '\n')) {
    const auto words = split(trim(line), ' ');
    if (words.size() < 2) continue;
    const auto time = parse_int(words[0]);
    const auto step = words.size() > 2 ? parse_int(words[2]) : std::optional<std::int64_t>(0);
    if (!time || !step) {
      return invalid("'" + file.handle + "' has a line that is no observation: '" +
                     std::string(line.substr(0, 100)) + "'");
    }
    points.push_back({*step, *time, value_of(words[1])});
  }
  std::sort(points.begin(), points.end(),
            [](const Point& a, const Point& b) { return a.key() < b.key(); });
  points.erase(std::unique(points.begin(), points.end(),
                           [](const Point& a, const Point& b) { return a.key() == b.key(); }),
               points.end());
  constexpr std::size_t kAtOnce = 8192;
  for (std::size_t at = 0; at < points.size(); at += kAtOnce) {
    transfer::PointsRecord record{.run = run, .key = file.path};
    for (auto i = at; i < std::min(points.size(), at + kAtOnce); ++i) {
      record.values.push_back(points[i].value);
      record.times.push_back(points[i].time);
      record.steps.push_back(points[i].step);
    }
    SW_CHECK_OK(each(std::move(record)));
  }
  return {};
}

Result<void> FolderSource::logged_models(const Each<transfer::LoggedModelRecord>& each) {
  constexpr const char* kStatus[] = {"", "pending", "ready", "upload_failed"};
  for (const auto& [id, folder] : logged_models_) {
    SW_TRY(const auto meta, Meta::read(folder));
    transfer::LoggedModelRecord out{.id = id};
    out.experiment = meta.text("experiment_id");
    out.name = meta.text("name");
    out.type = meta.text("model_type");
    const auto status = meta.number("status").value_or(0);
    out.status = status >= 0 && status <= 3 ? kStatus[status] : "";
    out.source_run = meta.text("source_run_id");
    out.created = meta.number("creation_timestamp").value_or(0);
    out.updated = meta.number("last_updated_timestamp").value_or(out.created);
    out.deleted = meta.text("lifecycle_stage") == "deleted";
    out.artifacts = staying_uri(meta.text("artifact_location"), root_.string());
    SW_TRY(out.params, pairs_below(folder / "params"));
    SW_TRY(out.tags, pairs_below(folder / "tags"));
    SW_TRY(const auto metrics, files_below((folder / "metrics").string()));
    for (const auto& file : metrics) {
      SW_TRY(const auto bytes, blob::read_file(file.handle));
      for (const auto line : split(bytes, '\n')) {
        const auto words = split(trim(line), ' ');
        if (words.size() < 4) continue;
        out.metrics.push_back({.key = file.path,
                               .value = value_of(words[1]),
                               .time = parse_int(words[0]).value_or(0),
                               .step = parse_int(words[2]).value_or(0),
                               .run = std::string(words[3]),
                               .dataset_name = std::string(words.size() > 5 ? words[4] : ""),
                               .dataset_digest = std::string(words.size() > 5 ? words[5] : "")});
      }
    }
    SW_CHECK_OK(each(std::move(out)));
  }
  return {};
}

Result<void> FolderSource::models(const Each<Record>& each) {
  for (const auto& folder : folders_in(root_ / "models")) {
    if (!has_meta(folder)) continue;
    SW_TRY(const auto meta, Meta::read(folder));
    SW_CHECK_OK(versions_of(folder, meta, each));
  }
  return {};
}

Result<void> FolderSource::versions_of(const fs::path& folder, const Meta& meta,
                                       const Each<Record>& each) {
  transfer::ModelRecord model{.name = meta.text("name"), .description = meta.text("description")};
  model.created = meta.number("creation_timestamp").value_or(0);
  model.updated = meta.number("last_updated_timestamp").value_or(model.created);
  SW_TRY(model.tags, pairs_below(folder / "tags"));
  SW_TRY(const auto aliases, pairs_below(folder / "aliases"));
  std::map<std::int64_t, transfer::VersionRecord> versions;
  for (const auto& each_folder : folders_in(folder)) {
    if (!each_folder.filename().string().starts_with("version-") || !has_meta(each_folder))
      continue;
    SW_TRY(const auto found, Meta::read(each_folder));
    const auto number = found.number("version").value_or(0);
    model.last_version = std::max(model.last_version, number);
    if (found.text("current_stage") == kDeletedStage) continue;
    auto& out = versions[number];
    out.model = model.name;
    out.version = number;
    out.created = found.number("creation_timestamp").value_or(0);
    out.updated = found.number("last_updated_timestamp").value_or(out.created);
    out.description = found.maybe("description");
    out.stage = found.text("current_stage");
    out.source = found.text("source");
    out.run_id = found.text("run_id");
    out.run_link = found.text("run_link");
    out.user = found.text("user_id");
    SW_TRY(out.tags, pairs_below(each_folder / "tags"));
    for (const auto& [alias, version] : aliases) {
      if (parse_int(trim(version)) == number) out.aliases.push_back(alias);
    }
    locate_files(out, found.text("storage_location"));
  }
  SW_CHECK_OK(each({.model = std::move(model)}));
  for (auto& [number, version] : versions) {
    SW_CHECK_OK(each({.version = std::move(version)}));
  }
  return {};
}

}  // namespace

Result<SourcePtr> open_folder(const std::string& folder) {
  auto source = std::make_unique<FolderSource>(fs::absolute(folder).lexically_normal());
  SW_CHECK_OK(source->prepare());
  return SourcePtr(std::move(source));
}

}  // namespace slipway::drivers::mlflow
