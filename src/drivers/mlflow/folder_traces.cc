// SPDX-License-Identifier: Apache-2.0
#include "folder_traces.h"

#include <algorithm>
#include <filesystem>

#include "api.h"
#include "base/clock.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "places.h"
#include "traces.h"
#include "yaml/yaml.h"

namespace slipway::drivers::mlflow {
namespace {

namespace fs = std::filesystem;
using transfer::TraceRecord;

constexpr std::size_t kFileLimit = std::size_t{1} << 30;
constexpr std::size_t kAtOnce = 100;

Result<value> read_yaml(const std::string& path) {
  SW_TRY(const auto bytes, blob::read_file(path, 4 << 20));
  SW_TRY(const auto node, yaml::parse(bytes, path));
  return json::parse_value(yaml::to_json(*node));
}

// A file for each key.
Result<json::object> texts_below(const std::string& folder) {
  json::object out;
  SW_TRY(const auto files, files_below(folder));
  for (const auto& file : files) {
    SW_TRY(const auto text, blob::read_file(file.handle));
    out[file.path] = text;
  }
  return out;
}

// What a trace of a client before MLflow 3 is told with.
void take_old_words(json::object& info) {
  const auto move = [&](const char* from, const char* to) {
    if (const auto* found = info.if_contains(from); found != nullptr && !info.contains(to)) {
      info[to] = *found;
    }
  };
  move("request_id", "trace_id");
  move("status", "state");
  if (const auto at = whole(info, "timestamp_ms")) info["request_time"] = to_rfc3339({*at});
  for (const char* key : {"execution_time_ms", "execution_duration_ms"}) {
    if (const auto ms = whole(info, key)) {
      info["execution_duration"] = number_text(static_cast<double>(*ms) / 1000) + "s";
    }
  }
}

}  // namespace

Result<void> spans_of_file(const std::string& path, TraceRecord& trace) {
  const auto file = blob::read_file(path, kFileLimit);
  if (!file && file.error().code == Code::not_found) return {};
  SW_CHECK_OK(file);
  SW_TRY(const auto content, json::parse_value(*file));
  for (const auto& span : list(content, "spans")) {
    SW_TRY(auto record, span_of(span));
    trace.spans.push_back(std::move(record));
  }
  return {};
}

Result<TraceRecord> TraceFolders::read(const std::string& folder, const std::string& experiment) {
  SW_TRY(const auto read, read_yaml(folder + "/trace_info.yaml"));
  if (!read.is_object()) return invalid("'" + folder + "' holds no trace");
  auto info = read.get_object();
  take_old_words(info);
  SW_TRY(info["tags"], texts_below(folder + "/tags"));
  SW_TRY(info["trace_metadata"], texts_below(folder + "/request_metadata"));
  json::array assessments;
  SW_TRY(const auto files, files_below(folder + "/assessments"));
  for (const auto& file : files) {
    if (!file.path.ends_with(".yaml")) continue;
    SW_TRY(auto one, read_yaml(file.handle));
    assessments.push_back(std::move(one));
  }
  info["assessments"] = std::move(assessments);
  const value whole_info(std::move(info));
  auto out = trace_of(whole_info);
  if (out.experiment.empty()) out.experiment = experiment;
  const auto place = place_of(text(member(whole_info, "tags"), "mlflow.artifactLocation"), root_);
  std::error_code error;
  artifacts_[out.id] = place.kind == Place::Kind::folder && fs::is_directory(place.path, error)
                           ? place.path
                           : folder + "/artifacts";
  return out;
}

Result<void> TraceFolders::traces(const std::string& folder, const std::string& experiment,
                                  const transfer::Source::Each<std::vector<TraceRecord>>& each) {
  std::vector<std::string> folders;
  std::error_code error;
  for (fs::directory_iterator it(folder + "/traces", error), end; !error && it != end;
       it.increment(error)) {
    if (fs::exists(it->path() / "trace_info.yaml", error)) folders.push_back(it->path().string());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<TraceRecord> batch;
  for (const auto& one : folders) {
    auto trace = read(one, experiment);
    if (!trace) {
      problems_.push_back("trace '" + one + "': " + trace.error().message);
      continue;
    }
    batch.push_back(*std::move(trace));
    if (batch.size() < kAtOnce) continue;
    SW_CHECK_OK(each(std::move(batch)));
    batch.clear();
  }
  return batch.empty() ? Result<void>() : each(std::move(batch));
}

Result<void> TraceFolders::spans(TraceRecord& trace) {
  return spans_of_file(artifacts_[trace.id] + "/traces.json", trace);
}

Result<std::vector<transfer::SourceFile>> TraceFolders::files(const std::string& trace) {
  SW_TRY(auto out, files_below(artifacts_[trace] + "/attachments"));
  for (auto& file : out) file.path.insert(0, "attachments/");
  return out;
}

}  // namespace slipway::drivers::mlflow
