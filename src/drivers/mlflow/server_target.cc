// SPDX-License-Identifier: Apache-2.0
// Records, written into a running server call by call.
#include "server_target.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace slipway::drivers::mlflow {
namespace {

constexpr std::size_t kMetricsAtOnce = 1000;
constexpr std::size_t kParamsAtOnce = 100;
constexpr std::size_t kExamplesAtOnce = 500;

std::string upper(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

std::string metric_json(const std::string& key, double value, std::int64_t time,
                        std::int64_t step) {
  const auto number = number_text(value);
  const bool finite = number.find_first_of("NI") == std::string::npos;
  return "{\"key\":" + json_quoted(key) + ",\"value\":" + (finite ? number : "\"" + number + "\"") +
         ",\"timestamp\":" + std::to_string(time) + ",\"step\":" + std::to_string(step);
}

}  // namespace

Result<void> ServerTarget::put(const std::string&, const std::vector<Record>& records) {
  for (const auto& record : records) {
    if (record.experiment) SW_CHECK_OK(put_experiment(*record.experiment));
    if (record.run) SW_CHECK_OK(put_run(*record.run));
    if (record.points) SW_CHECK_OK(put_points(*record.points));
    if (record.logged_model) SW_CHECK_OK(put_logged_model(*record.logged_model));
    if (record.trace) SW_CHECK_OK(put_trace(*record.trace));
    if (record.dataset) dataset_ = *record.dataset;
    if (record.example) example_ = *record.example;
    if (record.model) SW_CHECK_OK(put_model(*record.model));
    if (record.version) SW_CHECK_OK(put_version(*record.version));
    if (record.mark) SW_CHECK_OK(put_mark(*record.mark));
  }
  return put_examples();
}

Result<void> ServerTarget::finish() {
  SW_CHECK_OK(put_links());
  for (const auto& id : to_delete_) {
    SW_CHECK_OK(api_.post("/api/2.0/mlflow/experiments/delete",
                          "{\"experiment_id\":" + json_quoted(id) + "}"));
  }
  return {};
}

Result<void> ServerTarget::put_experiment(const transfer::ExperimentRecord& in) {
  auto& id = experiments_[in.id];
  if (id.empty()) {
    for (const auto& [there, e] : by_id_) {
      if (e.experiment == in.name) id = there;  // of the same name: the same
    }
  }
  if (id.empty()) {
    SW_TRY(const auto made, api_.post("/api/2.0/mlflow/experiments/create",
                                      "{\"name\":" + json_quoted(in.name) +
                                          ",\"tags\":" + json_pairs(without_own(in.tags)) + "}"));
    id = text(made, "experiment_id");
    by_id_[id] = {id, "", "", in.name, false};
  }
  SW_TRY(const auto usable, experiment_for(in.id));
  auto tags = without_own(in.tags);
  tags.push_back({kSourceId, in.id});
  for (const auto& tag : tags) {
    SW_CHECK_OK(change("experiments/set-experiment-tag",
                       "{\"experiment_id\":" + json_quoted(usable) + ",\"key\":" +
                           json_quoted(tag.key) + ",\"value\":" + json_quoted(tag.value) + "}"));
  }
  if (in.deleted && usable != "0") to_delete_.insert(usable);
  if (!in.deleted) to_delete_.erase(usable);
  return {};
}

// The experiment there, brought back for the time being when it is deleted.
Result<std::string> ServerTarget::experiment_for(const std::string& theirs) {
  const auto found = experiments_.find(theirs);
  if (found == experiments_.end()) {
    return invalid("experiment '" + theirs + "' was not exported before its runs");
  }
  auto& there = by_id_[found->second];
  if (there.deleted) {
    SW_CHECK_OK(
        change("experiments/restore", "{\"experiment_id\":" + json_quoted(found->second) + "}"));
    there.deleted = false;
    to_delete_.insert(found->second);
  }
  return found->second;
}

Result<void> ServerTarget::put_run(const transfer::RunRecord& in) {
  SW_TRY(const auto experiment, experiment_for(in.experiment));
  auto& there = runs_[in.id];
  if (there.id.empty()) {
    SW_TRY(const auto made, api_.post("/api/2.0/mlflow/runs/create",
                                      "{\"experiment_id\":" + json_quoted(experiment) +
                                          ",\"user_id\":" + json_quoted(in.user) +
                                          ",\"run_name\":" + json_quoted(in.name) +
                                          ",\"start_time\":" + std::to_string(in.started) +
                                          ",\"tags\":[{\"key\":\"" + kSourceId +
                                          "\",\"value\":" + json_quoted(in.id) + "}]}"));
    const auto& info = member(member(made, "run"), "info");
    there = {text(info, "run_id"), "", text(info, "artifact_uri"), experiment, false};
  } else if (there.deleted) {
    SW_CHECK_OK(change("runs/restore", "{\"run_id\":" + json_quoted(there.id) + "}"));
    there.deleted = false;
  }
  const auto run = "{\"run_id\":" + json_quoted(there.id);
  for (std::size_t at = 0; at < in.params.size(); at += kParamsAtOnce) {
    SW_CHECK_OK(change("runs/log-batch",
                       run + ",\"params\":" + json_pairs(in.params, at, at + kParamsAtOnce) + "}"));
  }
  const auto tags = without_own(in.tags);
  for (std::size_t at = 0; at < tags.size(); at += kParamsAtOnce) {
    SW_CHECK_OK(change("runs/log-batch",
                       run + ",\"tags\":" + json_pairs(tags, at, at + kParamsAtOnce) + "}"));
  }
  SW_CHECK_OK(put_inputs(there.id, in));
  const auto ended = in.ended ? ",\"end_time\":" + std::to_string(*in.ended) : std::string();
  SW_CHECK_OK(change("runs/update", run + ",\"status\":\"" + upper(in.status) + "\"" + ended +
                                        ",\"run_name\":" + json_quoted(in.name) + "}"));
  writing_[in.id] = in;
  if (!in.model_inputs.empty() || !in.model_outputs.empty()) links_[in.id] = in;
  return {};
}

Result<void> ServerTarget::put_inputs(const std::string& run, const transfer::RunRecord& in) {
  if (in.inputs.empty()) return {};
  std::string datasets;
  for (const auto& input : in.inputs) {
    if (!datasets.empty()) datasets += ',';
    datasets += "{\"tags\":" + json_pairs(input.tags) +
                ",\"dataset\":{\"name\":" + json_quoted(input.name) +
                ",\"digest\":" + json_quoted(input.digest) +
                ",\"source_type\":" + json_quoted(input.source_type) +
                ",\"source\":" + json_quoted(input.source);
    if (input.schema) datasets += ",\"schema\":" + json_quoted(*input.schema);
    if (input.profile) datasets += ",\"profile\":" + json_quoted(*input.profile);
    datasets += "}}";
  }
  return change("runs/log-inputs",
                "{\"run_id\":" + json_quoted(run) + ",\"datasets\":[" + datasets + "]}");
}

Result<void> ServerTarget::put_points(const transfer::PointsRecord& in) {
  const auto found = runs_.find(in.run);
  if (found == runs_.end()) return invalid("points of the run '" + in.run + "' before the run");
  for (std::size_t at = 0; at < in.values.size(); at += kMetricsAtOnce) {
    std::string metrics;
    for (auto i = at; i < std::min(in.values.size(), at + kMetricsAtOnce); ++i) {
      if (!metrics.empty()) metrics += ',';
      metrics += metric_json(in.key, in.values[i], in.times[i], in.steps[i]) + "}";
    }
    SW_CHECK_OK(change("runs/log-batch", "{\"run_id\":" + json_quoted(found->second.id) +
                                             ",\"metrics\":[" + metrics + "]}"));
  }
  return {};
}

Result<void> ServerTarget::put_logged_model(const transfer::LoggedModelRecord& in) {
  if (in.deleted) return {};
  SW_TRY(const auto experiment, experiment_for(in.experiment));
  auto& there = models_[in.id];
  const auto run = runs_.find(in.source_run);
  if (there.id.empty()) {
    auto tags = without_own(in.tags);
    tags.push_back({kSourceId, in.id});
    SW_TRY(const auto made,
           api_.post(
               "/api/2.0/mlflow/logged-models",
               "{\"experiment_id\":" + json_quoted(experiment) +
                   ",\"name\":" + json_quoted(in.name) + ",\"model_type\":" + json_quoted(in.type) +
                   (run != runs_.end() ? ",\"source_run_id\":" + json_quoted(run->second.id)
                                       : std::string()) +
                   ",\"params\":" + json_pairs(in.params) + ",\"tags\":" + json_pairs(tags) + "}"));
    const auto& info = member(member(made, "model"), "info");
    there = {text(info, "model_id"), "", text(info, "artifact_uri"), experiment, false};
  }
  for (const auto& m : in.metrics) {
    const auto of = runs_.find(m.run);
    if (of == runs_.end() || of->second.deleted) continue;
    SW_CHECK_OK(change("runs/log-batch",
                       "{\"run_id\":" + json_quoted(of->second.id) + ",\"metrics\":[" +
                           metric_json(m.key, m.value, m.time, m.step) +
                           ",\"model_id\":" + json_quoted(there.id) +
                           ",\"dataset_name\":" + json_quoted(m.dataset_name) +
                           ",\"dataset_digest\":" + json_quoted(m.dataset_digest) + "}]}"));
  }
  if (in.status.empty() || in.status == "pending") return {};
  SW_CHECK_OK(api_.send("PATCH", "/api/2.0/mlflow/logged-models/" + percent_encode(there.id),
                        "{\"model_id\":" + json_quoted(there.id) + ",\"status\":\"LOGGED_MODEL_" +
                            upper(in.status) + "\"}"));
  return {};
}

// Which models the runs were given and made: the models are written after the runs.
Result<void> ServerTarget::put_links() {
  for (const auto& [id, record] : std::exchange(links_, {})) {
    const auto run = runs_.find(id);
    if (run == runs_.end() || run->second.deleted) continue;
    json::array inputs;
    for (const auto& model : record.model_inputs) {
      const auto there = models_.find(model);
      if (there == models_.end() || there->second.id.empty()) continue;
      inputs.push_back(json::object{{"model_id", there->second.id}});
    }
    json::array outputs;
    for (const auto& output : record.model_outputs) {
      const auto there = models_.find(output.model);
      if (there == models_.end() || there->second.id.empty()) continue;
      outputs.push_back(json::object{{"model_id", there->second.id}, {"step", output.step}});
    }
    for (const auto& [path, models] :
         {std::pair("runs/log-inputs", &inputs), std::pair("runs/outputs", &outputs)}) {
      if (models->empty()) continue;
      const json::object body{{"run_id", run->second.id}, {"models", *models}};
      SW_CHECK_OK(change(path, json::dump_value(body)));
    }
  }
  return {};
}

Result<void> ServerTarget::put_model(const transfer::ModelRecord& in) {
  const auto name = json_quoted(in.name);
  const auto found =
      api_.get("/api/2.0/mlflow/registered-models/get?name=" + percent_encode(in.name));
  if (!found && found.error().code != Code::not_found) return found.error();
  if (!found) {
    return change("registered-models/create",
                  "{\"name\":" + name + ",\"description\":" + json_quoted(in.description) +
                      ",\"tags\":" + json_pairs(without_own(in.tags)) + "}");
  }
  SW_CHECK_OK(
      api_.send("PATCH", "/api/2.0/mlflow/registered-models/update",
                "{\"name\":" + name + ",\"description\":" + json_quoted(in.description) + "}"));
  for (const auto& tag : without_own(in.tags)) {
    SW_CHECK_OK(change("registered-models/set-tag",
                       "{\"name\":" + name + ",\"key\":" + json_quoted(tag.key) +
                           ",\"value\":" + json_quoted(tag.value) + "}"));
  }
  return {};
}

Result<std::int64_t> ServerTarget::version_there(const std::string& model, std::int64_t version) {
  if (!versions_.contains(model)) {
    auto& of_model = versions_[model];
    const char mark = model.find('\'') == std::string::npos ? '\'' : '"';
    for (const std::string more : {"", " AND tags.`mlflow.prompt.is_prompt` = 'true'"}) {
      const auto page =
          api_.get("/api/2.0/mlflow/model-versions/search?max_results=10000&filter=" +
                   percent_encode("name = " + std::string(1, mark) + model + mark + more));
      SW_CHECK_OK(page);
      for (const auto& v : list(*page, "model_versions")) {
        const auto tags = pairs(v, "tags");
        const auto source = parse_int(tag_in(tags, kSourceId));
        if (source)
          of_model[*source] = {std::to_string(whole_or_0(v, "version")), tag_in(tags, kMark), "",
                               "", false};
      }
    }
  }
  const auto& of_model = versions_[model];
  const auto found = of_model.find(version);
  return found == of_model.end() ? 0 : parse_int(found->second.id).value_or(0);
}

Result<void> ServerTarget::put_version(const transfer::VersionRecord& in) {
  SW_TRY(auto number, version_there(in.model, in.version));
  std::string source = in.source;
  const auto run = runs_.find(in.run_id);
  const auto logged = models_.find(in.files_model);
  const auto of_run = runs_.find(in.files_run);
  if (logged != models_.end()) source = "models:/" + logged->second.id;
  if (of_run != runs_.end()) source = "runs:/" + of_run->second.id + "/" + in.location;
  const auto name = "{\"name\":" + json_quoted(in.model);
  if (number == 0) {
    auto tags = without_own(in.tags);
    tags.push_back({kSourceId, std::to_string(in.version)});
    std::string body = name + ",\"source\":" + json_quoted(source) +
                       ",\"tags\":" + json_pairs(tags) +
                       ",\"description\":" + json_quoted(in.description.value_or("")) +
                       ",\"run_link\":" + json_quoted(in.run_link);
    if (run != runs_.end()) body += ",\"run_id\":" + json_quoted(run->second.id);
    if (logged != models_.end()) body += ",\"model_id\":" + json_quoted(logged->second.id);
    SW_TRY(const auto made, api_.post("/api/2.0/mlflow/model-versions/create", body + "}"));
    number = whole_or_0(member(made, "model_version"), "version");
    versions_[in.model][in.version] = {std::to_string(number), "", "", "", false};
  } else {
    SW_CHECK_OK(update_version(in, number));
  }
  const auto version = name + ",\"version\":\"" + std::to_string(number) + "\"";
  if (!in.stage.empty() && in.stage != "None") {
    SW_CHECK_OK(change(
        "model-versions/transition-stage",
        version + ",\"stage\":" + json_quoted(in.stage) + ",\"archive_existing_versions\":false}"));
  }
  for (const auto& alias : in.aliases) {
    SW_CHECK_OK(
        change("registered-models/alias", version + ",\"alias\":" + json_quoted(alias) + "}"));
  }
  return {};
}

// What may have changed of one that was written before.
Result<void> ServerTarget::update_version(const transfer::VersionRecord& in, std::int64_t number) {
  const auto version =
      "{\"name\":" + json_quoted(in.model) + ",\"version\":\"" + std::to_string(number) + "\"";
  SW_CHECK_OK(
      api_.send("PATCH", "/api/2.0/mlflow/model-versions/update",
                version + ",\"description\":" + json_quoted(in.description.value_or("")) + "}"));
  for (const auto& tag : without_own(in.tags)) {
    SW_CHECK_OK(change("model-versions/set-tag", version + ",\"key\":" + json_quoted(tag.key) +
                                                     ",\"value\":" + json_quoted(tag.value) + "}"));
  }
  return {};
}

Result<void> ServerTarget::put_mark(const transfer::MarkRecord& in) {
  const auto pair = ",\"key\":\"" + std::string(kMark) + "\",\"value\":" + json_quoted(in.mark);
  if (in.kind == "run") {
    auto& there = runs_[in.id];
    SW_CHECK_OK(set_run_tag(there.id, kMark, in.mark));
    there.mark = in.mark;
    const auto record = writing_.find(in.id);
    if (record == writing_.end()) return {};
    const bool deleted = record->second.deleted;
    writing_.erase(record);
    if (!deleted) return {};
    there.deleted = true;
    return change("runs/delete", "{\"run_id\":" + json_quoted(there.id) + "}");
  }
  if (in.kind == "experiment_state") {
    const auto& id = experiments_[in.id];
    return change("experiments/set-experiment-tag",
                  "{\"experiment_id\":" + json_quoted(id) + pair + "}");
  }
  if (in.kind == "logged_model" && models_.contains(in.id) && !models_[in.id].id.empty()) {
    SW_CHECK_OK(api_.send(
        "PATCH", "/api/2.0/mlflow/logged-models/" + percent_encode(models_[in.id].id) + "/tags",
        "{\"tags\":" + json_pairs({{kMark, in.mark}}) + "}"));
  }
  if (in.kind == "trace") return mark_trace(in.id, in.mark);
  if (in.kind == "dataset") {
    SW_CHECK_OK(put_examples());
    return put_dataset(dataset_, in.mark);
  }
  if (in.kind == "example") {
    if (!waiting_.empty() && waiting_.front().first.dataset != example_.dataset) {
      SW_CHECK_OK(put_examples());
    }
    waiting_.emplace_back(std::move(example_), in.mark);
    return waiting_.size() >= kExamplesAtOnce ? put_examples() : Result<void>();
  }
  if (in.kind == "model") {
    return change("registered-models/set-tag", "{\"name\":" + json_quoted(in.id) + pair + "}");
  }
  if (in.kind == "version") {
    const auto slash = in.id.rfind('/');
    const auto model = in.id.substr(0, slash);
    SW_TRY(const auto number, version_there(model, parse_int(in.id.substr(slash + 1)).value_or(0)));
    return change("model-versions/set-tag", "{\"name\":" + json_quoted(model) + ",\"version\":\"" +
                                                std::to_string(number) + "\"" + pair + "}");
  }
  return {};
}

}  // namespace slipway::drivers::mlflow
