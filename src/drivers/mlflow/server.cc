// SPDX-License-Identifier: Apache-2.0
// A running MLflow server, asked through its public REST interface.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include <unistd.h>

#include "api.h"
#include "base/hash.h"
#include "base/text.h"
#include "extras.h"
#include "fetch/fetch.h"
#include "json/value.h"
#include "places.h"
#include "server_traces.h"
#include "sources.h"

namespace slipway::drivers::mlflow {
namespace {

using json::value;
using transfer::Record;

constexpr std::size_t kBulkRuns = 100;
constexpr std::size_t kBulkLimit = 25'000;  // more points than these the bulk call cuts off
constexpr std::string_view kPrompt = "tags.`mlflow.prompt.is_prompt` = 'true'";

class ServerSource : public transfer::Source {
 public:
  explicit ServerSource(std::string url) : api_(std::move(url)) {}

  Result<void> prepare() {
    std::string token;
    do {
      SW_TRY(const auto page,
             api_.post("/api/2.0/mlflow/experiments/search",
                       "{\"view_type\":\"ALL\",\"max_results\":1000,\"page_token\":" +
                           json_quoted(token) + "}"));
      for (const auto& item : list(page, "experiments")) experiments_.push_back(item);
      token = text(page, "next_page_token");
    } while (!token.empty());
    return {};
  }

  std::string name() const override { return without_password(api_.url()); }
  Result<std::int64_t> count_runs() override { return std::int64_t{0}; }

  Result<void> experiments(const Each<transfer::ExperimentRecord>& each) override {
    for (const auto& e : experiments_) {
      transfer::ExperimentRecord out{.id = text(e, "experiment_id"), .name = text(e, "name")};
      out.created = whole_or_0(e, "creation_time");
      out.updated = whole_or_0(e, "last_update_time");
      out.deleted = text(e, "lifecycle_stage") == "deleted";
      out.tags = pairs(e, "tags");
      out.artifacts = staying_uri(text(e, "artifact_location"), "/");
      SW_CHECK_OK(each(std::move(out)));
    }
    return {};
  }

  Result<void> runs(const Each<std::vector<transfer::SourceRun>>& each) override {
    for (const auto& e : experiments_) {
      std::string token;
      do {
        SW_TRY(const auto page,
               api_.post("/api/2.0/mlflow/runs/search",
                         "{\"experiment_ids\":[" + json_quoted(text(e, "experiment_id")) +
                             "],\"run_view_type\":\"ALL\",\"max_results\":200,\"order_by\":"
                             "[\"attributes.start_time ASC\"],\"page_token\":" +
                             json_quoted(token) + "}"));
        std::vector<transfer::SourceRun> batch;
        keys_.clear();
        for (const auto& item : list(page, "runs")) batch.push_back(run_of(item));
        if (!batch.empty()) SW_CHECK_OK(each(std::move(batch)));
        token = text(page, "next_page_token");
      } while (!token.empty());
    }
    return {};
  }

  Result<void> points(const std::vector<std::string>& runs,
                      const Each<transfer::PointsRecord>& each) override;
  Result<void> logged_models(const Each<transfer::LoggedModelRecord>& each) override;
  Result<void> models(const Each<Record>& each) override;
  Result<void> traces(const Each<std::vector<transfer::TraceRecord>>& each) override {
    return traces_of_server(api_, experiments_, runs_, trace_roots_, each);
  }
  Result<void> spans(transfer::TraceRecord& trace) override { return spans_of_server(api_, trace); }
  Result<void> datasets(const Each<std::vector<Record>>& each) override {
    return datasets_of_server(api_, each);
  }
  Result<void> issues(const Each<Record>& each) override {
    return issues_of_server(api_, experiments_, each);
  }
  Result<void> extras(const Each<Record>& each) override {
    return extras_of_server(api_, experiments_, each);
  }
  Result<std::vector<transfer::SourceFile>> files(transfer::Owner owner,
                                                  const std::string& id) override;
  Result<std::unique_ptr<blob::Reader>> open(const transfer::SourceFile& file) override;

 private:
  transfer::SourceRun run_of(const value& from);
  // False when the answer may have been cut off.
  Result<bool> bulk(const std::vector<std::string>& runs, const std::string& key,
                    const Each<transfer::PointsRecord>& each);
  Result<void> history(const std::string& run, const std::string& key,
                       const Each<transfer::PointsRecord>& each);
  Result<void> list_proxied(const std::string& root, const std::string& below,
                            std::vector<transfer::SourceFile>& out, int depth);
  Result<std::vector<transfer::SourceFile>> attachments(const std::string& trace);
  Result<void> some_models(const std::string& filter, const Each<Record>& each);
  Result<void> versions_of(const std::string& name, const std::string& filter,
                           std::map<std::int64_t, transfer::VersionRecord>& out);

  Api api_;
  std::vector<value> experiments_;
  std::map<std::string, std::vector<std::string>> keys_;  // of the runs that are being read
  std::map<std::string, std::string> roots_;              // by run or logged model
  std::map<std::string, std::string> trace_roots_;        // of those that were read last
  RunsByExperiment runs_;
  bool no_bulk_ = false;
};

transfer::SourceRun ServerSource::run_of(const value& from) {
  const auto& info = member(from, "info");
  const auto& data = member(from, "data");
  const auto& inputs = member(from, "inputs");
  transfer::SourceRun out;
  auto& run = out.record;
  run.id = text(info, "run_id");
  run.experiment = text(info, "experiment_id");
  run.name = text(info, "run_name");
  run.user = text(info, "user_id");
  run.status = status_word(text(info, "status"));
  run.started = whole_or_0(info, "start_time");
  run.ended = whole(info, "end_time");
  run.deleted = text(info, "lifecycle_stage") == "deleted";
  run.artifacts = staying_uri(text(info, "artifact_uri"), "/");
  roots_[run.id] = text(info, "artifact_uri");
  runs_[run.experiment].push_back(run.id);
  run.params = pairs(data, "params");
  run.tags = pairs(data, "tags");
  name_from_tags(run);
  for (const auto& input : list(inputs, "dataset_inputs")) {
    const auto& d = member(input, "dataset");
    run.inputs.push_back({.name = text(d, "name"),
                          .digest = text(d, "digest"),
                          .source_type = text(d, "source_type"),
                          .source = text(d, "source"),
                          .schema = json::text_at(d, "schema"),
                          .profile = json::text_at(d, "profile"),
                          .tags = pairs(input, "tags")});
  }
  for (const auto& model : list(inputs, "model_inputs")) {
    run.model_inputs.push_back(text(model, "model_id"));
  }
  for (const auto& model : list(member(from, "outputs"), "model_outputs")) {
    run.model_outputs.push_back({text(model, "model_id"), whole_or_0(model, "step")});
  }
  std::set<std::string> state;
  auto& keys = keys_[run.id];
  for (const auto& metric : list(data, "metrics")) {
    keys.push_back(text(metric, "key"));
    state.insert(keys.back() + "=" + number_text(real(metric, "value")) + "@" +
                 std::to_string(whole_or_0(metric, "step")) + "," +
                 std::to_string(whole_or_0(metric, "timestamp")));
  }
  std::string joined;
  for (const auto& one : state) joined += one + ";";
  out.state = sha256_hex(joined).substr(0, 16);
  return out;
}

Result<void> ServerSource::points(const std::vector<std::string>& runs,
                                  const Each<transfer::PointsRecord>& each) {
  std::map<std::string, std::vector<std::string>> by_key;
  for (const auto& run : runs) {
    for (const auto& key : keys_[run]) by_key[key].push_back(run);
  }
  for (const auto& [key, having] : by_key) {
    for (std::size_t at = 0; at < having.size(); at += kBulkRuns) {
      const std::vector<std::string> some(
          having.begin() + static_cast<std::ptrdiff_t>(at),
          having.begin() + static_cast<std::ptrdiff_t>(std::min(having.size(), at + kBulkRuns)));
      bool whole = false;
      if (some.size() > 1 && !no_bulk_) {
        SW_TRY(whole, bulk(some, key, each));
      }
      if (whole) continue;
      for (const auto& run : some) SW_CHECK_OK(history(run, key, each));
    }
  }
  return {};
}

void append(transfer::PointsRecord& record, const value& metric) {
  record.values.push_back(real(metric, "value"));
  record.times.push_back(whole_or_0(metric, "timestamp"));
  record.steps.push_back(whole_or_0(metric, "step"));
}

Result<bool> ServerSource::bulk(const std::vector<std::string>& runs, const std::string& key,
                                const Each<transfer::PointsRecord>& each) {
  std::string path =
      "/ajax-api/2.0/mlflow/metrics/get-history-bulk?metric_key=" + percent_encode(key);
  for (const auto& run : runs) path += "&run_id=" + percent_encode(run);
  const auto answer = api_.get(path + "&max_results=" + std::to_string(kBulkLimit));
  if (!answer) {  // not every server has it
    no_bulk_ = true;
    return false;
  }
  const auto& metrics = list(*answer, "metrics");
  if (metrics.size() >= kBulkLimit) return false;
  std::map<std::string, transfer::PointsRecord> records;
  for (const auto& metric : metrics) append(records[text(metric, "run_id")], metric);
  for (const auto& run : runs) {
    if (!records.contains(run)) return false;
  }
  for (auto& [run, record] : records) {
    record.run = run;
    record.key = key;
    SW_CHECK_OK(each(std::move(record)));
  }
  return true;
}

Result<void> ServerSource::history(const std::string& run, const std::string& key,
                                   const Each<transfer::PointsRecord>& each) {
  std::string token;
  do {
    SW_TRY(const auto page,
           api_.get("/api/2.0/mlflow/metrics/get-history?run_id=" + percent_encode(run) +
                    "&metric_key=" + percent_encode(key) + "&max_results=20000" +
                    (token.empty() ? "" : "&page_token=" + percent_encode(token))));
    transfer::PointsRecord record{.run = run, .key = key};
    for (const auto& metric : list(page, "metrics")) append(record, metric);
    if (!record.values.empty()) SW_CHECK_OK(each(std::move(record)));
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<void> ServerSource::logged_models(const Each<transfer::LoggedModelRecord>& each) {
  for (const auto& e : experiments_) {
    std::string token;
    do {
      const auto page =
          api_.post("/api/2.0/mlflow/logged-models/search",
                    "{\"experiment_ids\":[" + json_quoted(text(e, "experiment_id")) +
                        "],\"max_results\":50,\"page_token\":" + json_quoted(token) + "}");
      if (!page && page.error().code == Code::not_found) return {};  // MLflow 2 has none
      SW_CHECK_OK(page);
      for (const auto& item : list(*page, "models")) {
        const auto& info = member(item, "info");
        transfer::LoggedModelRecord out{.id = text(info, "model_id")};
        out.experiment = text(info, "experiment_id");
        out.name = text(info, "name");
        out.type = text(info, "model_type");
        const auto status = text(info, "status");
        out.status = status.starts_with("LOGGED_MODEL_") ? to_lower(status.substr(13)) : "";
        out.source_run = text(info, "source_run_id");
        out.created = whole_or_0(info, "creation_timestamp_ms");
        out.updated = whole_or_0(info, "last_updated_timestamp_ms");
        out.tags = pairs(info, "tags");
        out.artifacts = staying_uri(text(info, "artifact_uri"), "/");
        roots_[out.id] = text(info, "artifact_uri");
        out.params = pairs(member(item, "data"), "params");
        for (const auto& m : list(member(item, "data"), "metrics")) {
          out.metrics.push_back({.key = text(m, "key"),
                                 .value = real(m, "value"),
                                 .time = whole_or_0(m, "timestamp"),
                                 .step = whole_or_0(m, "step"),
                                 .run = text(m, "run_id"),
                                 .dataset_name = text(m, "dataset_name"),
                                 .dataset_digest = text(m, "dataset_digest")});
        }
        SW_CHECK_OK(each(std::move(out)));
      }
      token = text(*page, "next_page_token");
    } while (!token.empty());
  }
  return {};
}

Result<void> ServerSource::models(const Each<Record>& each) {
  SW_CHECK_OK(some_models("", each));
  return some_models(std::string(kPrompt), each);  // the plain search hides prompts
}

Result<void> ServerSource::some_models(const std::string& filter, const Each<Record>& each) {
  std::string token;
  do {
    SW_TRY(const auto page, api_.get("/api/2.0/mlflow/registered-models/search?max_results=100" +
                                     ("&filter=" + percent_encode(filter)) +
                                     "&page_token=" + percent_encode(token)));
    for (const auto& m : list(page, "registered_models")) {
      transfer::ModelRecord model{.name = text(m, "name"), .description = text(m, "description")};
      model.created = whole_or_0(m, "creation_timestamp");
      model.updated = whole_or_0(m, "last_updated_timestamp");
      model.tags = pairs(m, "tags");
      std::map<std::int64_t, transfer::VersionRecord> versions;
      SW_CHECK_OK(versions_of(model.name, filter, versions));
      for (const auto& a : list(m, "aliases")) {
        const auto found = versions.find(whole_or_0(a, "version"));
        if (found != versions.end()) found->second.aliases.push_back(text(a, "alias"));
      }
      if (!versions.empty()) model.last_version = versions.rbegin()->first;
      SW_CHECK_OK(each({.model = std::move(model)}));
      for (auto& [number, version] : versions) {
        SW_CHECK_OK(each({.version = std::move(version)}));
      }
    }
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<void> ServerSource::versions_of(const std::string& name, const std::string& filter,
                                       std::map<std::int64_t, transfer::VersionRecord>& out) {
  const char mark = name.find('\'') == std::string::npos ? '\'' : '"';
  const auto of_name =
      "name = " + std::string(1, mark) + name + mark + (filter.empty() ? "" : " AND " + filter);
  std::string token;
  do {
    SW_TRY(const auto page, api_.get("/api/2.0/mlflow/model-versions/search?max_results=1000" +
                                     ("&filter=" + percent_encode(of_name)) +
                                     "&page_token=" + percent_encode(token)));
    for (const auto& v : list(page, "model_versions")) {
      const auto number = whole_or_0(v, "version");
      auto& version = out[number];
      version.model = name;
      version.version = number;
      version.created = whole_or_0(v, "creation_timestamp");
      version.updated = whole_or_0(v, "last_updated_timestamp");
      version.description = json::text_at(v, "description");
      version.stage = text(v, "current_stage");
      version.source = text(v, "source");
      version.run_id = text(v, "run_id");
      version.run_link = text(v, "run_link");
      version.user = text(v, "user_id");
      version.tags = pairs(v, "tags");
      locate_files(version, "");
      if (version.logged_model_id.empty()) version.logged_model_id = text(v, "model_id");
    }
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<std::vector<transfer::SourceFile>> ServerSource::files(transfer::Owner owner,
                                                              const std::string& id) {
  std::vector<transfer::SourceFile> out;
  if (owner == transfer::Owner::trace) return attachments(id);
  const auto place = place_of(roots_[id], "/");
  if (place.kind == Place::Kind::folder) return files_below(place.path);
  if (place.kind == Place::Kind::proxied) SW_CHECK_OK(list_proxied(place.path, "", out, 0));
  return out;
}

// Spans have their own call; what else lies there is attached to the trace.
Result<std::vector<transfer::SourceFile>> ServerSource::attachments(const std::string& trace) {
  std::vector<transfer::SourceFile> out;
  const auto place = place_of(trace_roots_[trace], "/");
  if (place.kind == Place::Kind::folder) {
    SW_TRY(out, files_below(place.path + "/attachments"));
  } else if (place.kind == Place::Kind::proxied) {
    SW_CHECK_OK(list_proxied(place.path + "/attachments", "", out, 0));
  }
  for (auto& file : out) file.path.insert(0, "attachments/");
  return out;
}

Result<void> ServerSource::list_proxied(const std::string& root, const std::string& below,
                                        std::vector<transfer::SourceFile>& out, int depth) {
  if (depth > 64) return invalid("the folders of '" + root + "' are nested too deep");
  const auto folder = below.empty() ? root : root + "/" + below;
  const auto page = api_.get("/api/2.0/mlflow-artifacts/artifacts?path=" + percent_encode(folder));
  if (!page && page.error().code == Code::not_found) return {};
  SW_CHECK_OK(page);
  for (const auto& item : list(*page, "files")) {
    auto name = text(item, "path");
    if (const auto slash = name.rfind('/'); slash != std::string::npos) name.erase(0, slash + 1);
    if (name.empty() || name == "." || name == "..") continue;
    const auto path = below.empty() ? name : below + "/" + name;
    if (json::bool_at(item, "is_dir").value_or(false)) {
      SW_CHECK_OK(list_proxied(root, path, out, depth + 1));
    } else {
      const auto size = whole_or_0(item, "file_size");
      out.push_back({.path = path,
                     .size = static_cast<std::uint64_t>(size),
                     .state = std::to_string(size),
                     .handle = ":" + root + "/" + path});
    }
  }
  return {};
}

// The bytes wait in a file without a name until they are read, so that memory stays flat.
Result<std::unique_ptr<blob::Reader>> ServerSource::open(const transfer::SourceFile& file) {
  if (!file.handle.starts_with(":")) return open_file(file.handle);
  std::string path = (std::filesystem::temp_directory_path() / "slipway-XXXXXX").string();
  const int fd = ::mkstemp(path.data());
  if (fd < 0) return exhausted("cannot make a temporary file in '" + path + "'");
  bool full = false;
  fetch::Request request{.url = api_.url() + "/api/2.0/mlflow-artifacts/artifacts/" +
                                percent_encode(std::string_view(file.handle).substr(1), "/")};
  request.timeout_ms = 24 * 3'600'000;
  request.on_body = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::write(fd, bytes.data(), bytes.size());
      if (n <= 0) return !(full = true);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  };
  const auto answer = fetch::send(request);
  auto reader = open_file(path);
  ::close(fd);
  ::unlink(path.c_str());
  if (full) return exhausted("no room for '" + file.path + "' in the temporary folder");
  SW_CHECK_OK(answer);
  if (answer->status != 200) {
    return unavailable("the MLflow server answered " + std::to_string(answer->status) + " for '" +
                       file.path + "'");
  }
  return reader;
}

}  // namespace

Result<SourcePtr> open_server(const std::string& url) {
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  auto source = std::make_unique<ServerSource>(base);
  SW_CHECK_OK(source->prepare());
  return SourcePtr(std::move(source));
}

}  // namespace slipway::drivers::mlflow
