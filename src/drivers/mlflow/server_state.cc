// SPDX-License-Identifier: Apache-2.0
// What a server has already of a history, and the files of it.
#include <algorithm>

#include "base/text.h"
#include "drivers/mlflow/mlflow.h"
#include "fetch/fetch.h"
#include "places.h"
#include "server_target.h"

namespace slipway::drivers::mlflow {

std::string tag_in(const transfer::Pairs& tags, std::string_view key) {
  for (const auto& tag : tags) {
    if (tag.key == key) return tag.value;
  }
  return {};
}

std::string json_pairs(const transfer::Pairs& pairs, std::size_t from, std::size_t to) {
  std::string out = "[";
  for (auto i = from; i < std::min(to, pairs.size()); ++i) {
    if (out.size() > 1) out += ',';
    out +=
        "{\"key\":" + json_quoted(pairs[i].key) + ",\"value\":" + json_quoted(pairs[i].value) + "}";
  }
  return out + "]";
}
std::string json_pairs(const transfer::Pairs& pairs) {
  return json_pairs(pairs, 0, pairs.size());
}

transfer::Pairs without_own(const transfer::Pairs& tags) {
  auto out = tags;
  std::erase_if(out, [](const auto& tag) { return tag.key.starts_with(kOwnTags); });
  return out;
}

Result<void> ServerTarget::prepare() {
  SW_CHECK_OK(learn_experiments());
  const auto traces = api_.post("/api/3.0/mlflow/traces/search",
                                R"({"locations":[{"type":"MLFLOW_EXPERIMENT",)"
                                R"("mlflow_experiment":{"experiment_id":"0"}}],"max_results":1})");
  has_traces_ = traces.ok();
  for (const auto& [id, experiment] : by_id_) {
    SW_CHECK_OK(learn_runs(id));
    SW_CHECK_OK(learn_models(id));
  }
  return {};
}

Result<void> ServerTarget::learn_experiments() {
  std::string token;
  do {
    SW_TRY(const auto page, api_.post("/api/2.0/mlflow/experiments/search",
                                      "{\"view_type\":\"ALL\",\"max_results\":1000,"
                                      "\"page_token\":" +
                                          json_quoted(token) + "}"));
    for (const auto& e : list(page, "experiments")) {
      const auto id = text(e, "experiment_id");
      const auto tags = pairs(e, "tags");
      by_id_[id] = {id, tag_in(tags, kMark), "", text(e, "name"),
                    text(e, "lifecycle_stage") == "deleted"};
      const auto source = tag_in(tags, kSourceId);
      if (!source.empty()) experiments_[source] = id;
    }
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<void> ServerTarget::learn_runs(const std::string& experiment) {
  std::string token;
  do {
    SW_TRY(const auto page,
           api_.post("/api/2.0/mlflow/runs/search",
                     "{\"experiment_ids\":[" + json_quoted(experiment) +
                         "],\"run_view_type\":\"ALL\",\"max_results\":1000,\"filter\":\"tags.`" +
                         kSourceId + "` LIKE '%'\",\"page_token\":" + json_quoted(token) + "}"));
    for (const auto& r : list(page, "runs")) {
      const auto tags = pairs(member(r, "data"), "tags");
      const auto& info = member(r, "info");
      runs_[tag_in(tags, kSourceId)] = {text(info, "run_id"), tag_in(tags, kMark),
                                        text(info, "artifact_uri"), experiment,
                                        text(info, "lifecycle_stage") == "deleted"};
    }
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<void> ServerTarget::learn_models(const std::string& experiment) {
  std::string token;
  do {
    const auto page =
        api_.post("/api/2.0/mlflow/logged-models/search",
                  "{\"experiment_ids\":[" + json_quoted(experiment) +
                      "],\"max_results\":50,\"page_token\":" + json_quoted(token) + "}");
    if (!page && page.error().code == Code::not_found) return {};
    SW_CHECK_OK(page);
    for (const auto& m : list(*page, "models")) {
      const auto& info = member(m, "info");
      const auto tags = pairs(info, "tags");
      const auto source = tag_in(tags, kSourceId);
      if (source.empty()) continue;
      models_[source] = {text(info, "model_id"), tag_in(tags, kMark), text(info, "artifact_uri"),
                         experiment, false};
    }
    token = text(*page, "next_page_token");
  } while (!token.empty());
  return {};
}

// Where the files of a run, a model or a trace of the source go; empty: not known.
std::string ServerTarget::folder_there(const std::string& kind, const std::string& id) const {
  if (kind == "trace") {
    const auto found = trace_folders_.find(id);
    return found == trace_folders_.end() ? "" : found->second;
  }
  const auto& known = kind == "run" ? runs_ : models_;
  const auto found = known.find(id);
  return found == known.end() ? "" : found->second.folder;
}

Result<std::map<std::string, std::string>> ServerTarget::marks(
    const std::string&, const std::string& kind, const std::vector<std::string>& ids) {
  std::map<std::string, std::string> out;
  if (kind == "trace") return trace_marks(ids);
  if (kind == "dataset" || kind == "example") SW_CHECK_OK(learn_datasets());
  for (const auto& id : ids) {
    if (kind == "dataset" && datasets_.contains(id)) out[id] = datasets_[id].mark;
    if (kind == "example" && examples_.contains(id)) out[id] = examples_[id];
    if (kind == "run" && runs_.contains(id)) out[id] = runs_[id].mark;
    if (kind == "logged_model" && models_.contains(id)) out[id] = models_[id].mark;
    if (kind == "experiment_state" && experiments_.contains(id)) {
      out[id] = by_id_[experiments_[id]].mark;
    }
    if (kind == "model") {
      const auto found =
          api_.get("/api/2.0/mlflow/registered-models/get?name=" + percent_encode(id));
      if (found) out[id] = tag_in(pairs(member(*found, "registered_model"), "tags"), kMark);
    }
    if (kind == "version") {
      const auto slash = id.rfind('/');
      const auto number = parse_int(id.substr(slash + 1)).value_or(0);
      SW_TRY(const auto there, version_there(id.substr(0, slash), number));
      if (there != 0) out[id] = versions_[id.substr(0, slash)][number].mark;
    }
    if (kind == "file") {
      // A file that is there in the same size is there.
      const auto first = id.find('/');
      const auto second = id.find('/', first + 1);
      const auto folder =
          folder_there(id.substr(0, first), id.substr(first + 1, second - first - 1));
      if (folder.empty()) continue;
      const auto path = place_of(folder, "/").path + "/" + id.substr(second + 1);
      const auto slash = path.rfind('/');
      const auto page = api_.get("/api/2.0/mlflow-artifacts/artifacts?path=" +
                                 percent_encode(path.substr(0, slash)));
      if (!page) continue;
      for (const auto& file : list(*page, "files")) {
        auto name = text(file, "path");
        name.erase(0, name.rfind('/') + 1);
        if (name == path.substr(slash + 1)) {
          out[id] = std::to_string(whole_or_0(file, "file_size"));
        }
      }
    }
  }
  return out;
}

Result<std::vector<transfer::RunSizes>> ServerTarget::sizes(const std::vector<std::string>& runs) {
  std::vector<transfer::RunSizes> out;
  for (const auto& id : runs) {
    const auto found = runs_.find(id);
    if (found == runs_.end()) continue;
    const auto run = percent_encode(found->second.id);
    SW_TRY(const auto answer, api_.get("/api/2.0/mlflow/runs/get?run_id=" + run));
    const auto& body = member(answer, "run");
    const auto& data = member(body, "data");
    transfer::RunSizes size{.id = id};
    size.params = static_cast<std::int64_t>(list(data, "params").size());
    size.tags = static_cast<std::int64_t>(list(data, "tags").size());
    size.inputs = static_cast<std::int64_t>(list(member(body, "inputs"), "dataset_inputs").size());
    for (const auto& metric : list(data, "metrics")) {
      SW_TRY(const auto history, api_.get("/api/2.0/mlflow/metrics/get-history?run_id=" + run +
                                          "&metric_key=" + percent_encode(text(metric, "key"))));
      size.points += static_cast<std::int64_t>(list(history, "metrics").size());
    }
    out.push_back(size);
  }
  return out;
}

Result<std::map<std::string, std::string>> ServerTarget::folders(
    Owner owner, const std::vector<std::string>& ids) {
  std::map<std::string, std::string> out;
  for (const auto& id : ids) {
    const auto folder = folder_there(owner == Owner::run     ? "run"
                                     : owner == Owner::trace ? "trace"
                                                             : "model",
                                     id);
    if (folder.empty()) continue;
    const auto place = place_of(folder, "/");
    if (place.kind == Place::Kind::proxied) out[id] = place.path;
  }
  return out;
}

Result<void> ServerTarget::put_file(const std::string& folder, const std::string& path,
                                    blob::Reader& content) {
  fetch::Request request{.method = "PUT",
                         .url = api_.url() + "/api/2.0/mlflow-artifacts/artifacts/" +
                                percent_encode(folder + "/" + path, "/")};
  request.timeout_ms = 24 * 3'600'000;
  request.upload_size = content.size();
  request.upload = [&](char* into, std::size_t size) -> std::int64_t {
    const auto n = content.read(into, size);
    return n ? static_cast<std::int64_t>(*n) : -1;
  };
  SW_TRY(const auto answer, fetch::send(request));
  if (answer.status < 300) return {};
  return unavailable("the MLflow server answered " + std::to_string(answer.status) + " to '" +
                     path + "'");
}

Result<std::unique_ptr<transfer::Target>> open_target(const std::string& url) {
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  auto target = std::make_unique<ServerTarget>(base);
  SW_CHECK_OK(target->prepare());
  return std::unique_ptr<transfer::Target>(std::move(target));
}

}  // namespace slipway::drivers::mlflow
