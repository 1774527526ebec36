// SPDX-License-Identifier: Apache-2.0
// Traces with their spans and assessments, and evaluation datasets, written into a running server.
#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "fetch/fetch.h"
#include "places.h"
#include "server_target.h"
#include "span_bytes.h"

namespace slipway::drivers::mlflow {
namespace {

constexpr std::size_t kExamplesAtOnce = 500;

value parsed_or_null(const std::string& text) {
  auto out = json::parse_value(text);
  return out ? *std::move(out) : value(nullptr);
}

void add(json::object& to, const char* key, const std::optional<std::string>& text) {
  if (text) to[key] = *text;
}
void add(json::object& to, const char* key, const std::optional<std::int64_t>& number) {
  if (number) to[key] = *number;
}
void add(json::object& to, const char* key, const std::optional<double>& number) {
  if (number) to[key] = *number;
}

std::optional<std::string> usage_text(const transfer::UsageRecord& usage) {
  json::object out;
  add(out, "input_tokens", usage.input);
  add(out, "output_tokens", usage.output);
  add(out, "total_tokens", usage.total);
  add(out, "cache_read_input_tokens", usage.cache_read);
  add(out, "cache_creation_input_tokens", usage.cache_write);
  add(out, "cache_creation_input_tokens_above_1hr", usage.cache_write_1h);
  return out.empty() ? std::nullopt : std::optional(json::dump_value(out));
}

std::optional<std::string> cost_text(const transfer::CostRecord& cost) {
  json::object out;
  add(out, "input_cost", cost.input);
  add(out, "output_cost", cost.output);
  add(out, "total_cost", cost.total);
  return out.empty() ? std::nullopt : std::optional(json::dump_value(out));
}

// A list or an object goes as text: the interface has scalars only.
json::object expectation_json(const transfer::AssessmentRecord& in) {
  const auto given = parsed_or_null(in.value);
  if (!given.is_structured()) return {{"value", given}};
  return {{"serialized_value",
           json::object{{"serialization_format", "JSON_FORMAT"}, {"value", in.value}}}};
}

json::object assessment_json(const transfer::AssessmentRecord& in, const std::string& trace) {
  json::object out{{"assessment_id", in.id},
                   {"assessment_name", in.name},
                   {"trace_id", trace},
                   {"create_time", to_rfc3339({in.created})},
                   {"last_update_time", to_rfc3339({in.updated})},
                   {"valid", in.valid}};
  json::object source{{"source_type", in.source_kind}};
  add(source, "source_id", in.source);
  out["source"] = std::move(source);
  add(out, "span_id", in.span);
  add(out, "rationale", in.rationale);
  add(out, "overrides", in.overrides);
  if (in.metadata) out["metadata"] = parsed_or_null(*in.metadata);
  if (in.kind == "feedback") {
    json::object feedback{{"value", parsed_or_null(in.value)}};
    if (in.error) feedback["error"] = parsed_or_null(*in.error);
    out["feedback"] = std::move(feedback);
  } else if (in.kind == "expectation") {
    out["expectation"] = expectation_json(in);
  } else {
    out["issue"] = parsed_or_null(in.value);
  }
  return out;
}

bool is_ours(std::string_view key) {
  return key.starts_with("mlflow.") || key.starts_with(kOwnTags);
}

class TextReader : public blob::Reader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const auto n = text_.copy(into, size, at_);
    at_ += n;
    return n;
  }
  std::uint64_t size() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

// Ids of runs and logged models are other ones there.
std::string ServerTarget::there_for(const std::string& key, const std::string& id) const {
  const bool run = key == "mlflow.sourceRun" || key == "mlflow.assessment.sourceRunId";
  if (!run && key != "mlflow.modelId") return id;
  const auto& known = run ? runs_ : models_;
  const auto found = known.find(id);
  return found == known.end() || found->second.id.empty() ? id : found->second.id;
}

json::object ServerTarget::info_json(const transfer::TraceRecord& in,
                                     const std::string& experiment) const {
  json::object metadata;
  for (const auto& pair : in.metadata) metadata[pair.key] = there_for(pair.key, pair.value);
  add(metadata, "mlflow.trace.session", in.session);
  add(metadata, "mlflow.trace.tokenUsage", usage_text(in.usage));
  add(metadata, "mlflow.trace.cost", cost_text(in.cost));
  json::object tags;
  for (const auto& pair : without_own(in.tags)) tags[pair.key] = pair.value;
  add(tags, "mlflow.traceName", in.name);
  json::array assessments;
  for (const auto& each : in.assessments) {
    auto one = assessment_json(each, in.id);
    // An issue's assessments have its id as their name.
    const auto issue = issues_.find(each.name);
    if (each.kind == "issue" && issue != issues_.end()) one["assessment_name"] = issue->second;
    if (auto* const given = one.if_contains("metadata"); given != nullptr && given->is_object()) {
      for (auto& pair : given->get_object()) {
        if (!pair.value().is_string()) continue;
        pair.value() = there_for(pair.key(), std::string(pair.value().get_string()));
      }
    }
    assessments.push_back(std::move(one));
  }
  json::object out{{"trace_id", in.id},
                   {"trace_location", json::object{{"type", "MLFLOW_EXPERIMENT"},
                                                   {"mlflow_experiment",
                                                    json::object{{"experiment_id", experiment}}}}},
                   {"request_time", to_rfc3339({in.requested})},
                   {"state", in.state.empty() ? "STATE_UNSPECIFIED" : in.state},
                   {"trace_metadata", std::move(metadata)},
                   {"tags", std::move(tags)},
                   {"assessments", std::move(assessments)}};
  add(out, "client_request_id", in.client_id);
  add(out, "request_preview", in.request);
  add(out, "response_preview", in.response);
  if (in.duration) {
    out["execution_duration"] = number_text(static_cast<double>(*in.duration) / 1000) + "s";
  }
  return out;
}

// One that the server does not take is told, and the others go on.
Result<void> ServerTarget::put_trace(const transfer::TraceRecord& in) {
  const auto done = take_trace(in);
  if (done || done.error().code != Code::failed_precondition) return done;
  refused_.insert(in.id);
  problems_.push_back("trace " + in.id + ": " + done.error().message);
  return {};
}

Result<void> ServerTarget::take_trace(const transfer::TraceRecord& in) {
  SW_TRY(const auto experiment, experiment_for(in.experiment));
  SW_CHECK_OK(drop_what_is_gone(in));
  // Spans first, as clients do it: the trace's own times then stand over those of its spans.
  SW_TRY(const bool sent, send_spans(in, experiment));
  const json::object body{{"trace", json::object{{"trace_info", info_json(in, experiment)}}}};
  SW_TRY(const auto made, api_.post("/api/3.0/mlflow/traces", json::dump_value(body)));
  const auto& info = member(member(made, "trace"), "trace_info");
  trace_folders_[in.id] = text(member(info, "tags"), "mlflow.artifactLocation");
  if (!sent) SW_CHECK_OK(put_spans(in, trace_folders_[in.id]));
  for (const auto& id : in.runs) {
    const auto run = runs_.find(id);
    if (run == runs_.end() || run->second.id.empty()) continue;
    SW_CHECK_OK(change("traces/link-to-run", "{\"trace_ids\":[" + json_quoted(in.id) +
                                                 "],\"run_id\":" + json_quoted(run->second.id) +
                                                 "}"));
  }
  return {};
}

// A trace that is there already is added to: tags and assessments that were removed here since go.
Result<void> ServerTarget::drop_what_is_gone(const transfer::TraceRecord& in) {
  const auto path = "/api/3.0/mlflow/traces/" + percent_encode(in.id);
  const auto found = api_.get(path);
  if (!found && found.error().code == Code::not_found) return {};
  SW_CHECK_OK(found);
  const auto& info = member(member(*found, "trace"), "trace_info");
  if (const auto& tags = member(info, "tags"); tags.is_object()) {
    for (const auto& tag : tags.get_object()) {
      const std::string key(std::string_view(tag.key()));
      const auto has = [&](const auto& pair) { return pair.key == key; };
      if (is_ours(key) || std::any_of(in.tags.begin(), in.tags.end(), has)) continue;
      SW_CHECK_OK(api_.send("DELETE", "/api/2.0/mlflow/traces/" + percent_encode(in.id) + "/tags",
                            "{\"key\":" + json_quoted(key) + "}"));
    }
  }
  for (const auto& each : list(info, "assessments")) {
    const auto id = text(each, "assessment_id");
    const auto is = [&](const auto& ours) { return ours.id == id; };
    if (std::any_of(in.assessments.begin(), in.assessments.end(), is)) continue;
    SW_CHECK_OK(api_.send("DELETE", path + "/assessments/" + percent_encode(id), "{}"));
  }
  return {};
}

// False when it does not take them this way.
Result<bool> ServerTarget::send_spans(const transfer::TraceRecord& in,
                                      const std::string& experiment) {
  if (in.spans.empty()) return true;
  if (!has_otlp_id(in.id)) return false;
  SW_TRY(auto bytes, spans_to_otlp(in));
  fetch::Request request{.method = "POST", .url = api_.url() + "/v1/traces"};
  request.body = std::move(bytes);
  request.headers = {{"content-type", "application/x-protobuf"},
                     {"x-mlflow-experiment-id", experiment}};
  request.timeout_ms = 600'000;
  SW_TRY(const auto answer, fetch::send(request));
  if (answer.status < 300) return true;
  if (answer.status == 404 || answer.status == 405 || answer.status == 501) return false;
  return Error{answer.status < 500 ? Code::failed_precondition : Code::unavailable,
               "the MLflow server answered " + std::to_string(answer.status) + " to its spans", ""};
}

// As a file, which is how clients kept spans before servers took them.
Result<void> ServerTarget::put_spans(const transfer::TraceRecord& in, const std::string& location) {
  const auto place = place_of(location, "/");
  if (place.kind != Place::Kind::proxied) {
    problems_.push_back("trace " + in.id + ": its spans stay behind, '" + location +
                        "' is not reached through the server");
    return {};
  }
  std::string content = "{\"spans\": [";
  for (const auto& span : in.spans) (content += content.ends_with('[') ? "" : ", ") += span.body;
  TextReader reader(content + "]}");
  return put_file(place.path, "traces.json", reader);
}

Result<void> ServerTarget::learn_datasets() {
  if (datasets_known_) return {};
  datasets_known_ = true;
  std::string token;
  do {
    SW_TRY(const auto page,
           api_.post("/api/3.0/mlflow/datasets/search",
                     "{\"max_results\":50" +
                         (token.empty() ? std::string() : ",\"page_token\":" + json_quoted(token)) +
                         "}"));
    for (const auto& item : list(page, "datasets")) {
      const auto tags = parsed_or_null(text(item, "tags"));
      const auto source = text(tags, kSourceId);
      if (source.empty()) continue;
      datasets_[source] = {text(item, "dataset_id"), text(tags, kMark), "", "", false};
      SW_CHECK_OK(learn_examples(text(item, "dataset_id")));
    }
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<void> ServerTarget::learn_examples(const std::string& dataset) {
  std::string token;
  do {
    SW_TRY(const auto page,
           api_.get("/api/3.0/mlflow/datasets/" + percent_encode(dataset) +
                    "/records?max_results=" + std::to_string(kExamplesAtOnce) +
                    (token.empty() ? "" : "&page_token=" + percent_encode(token))));
    const auto records = parsed_or_null(text(page, "records"));
    if (records.is_array()) {
      for (const auto& record : records.get_array()) {
        const auto& tags = member(record, "tags");
        const auto source = text(tags, kSourceId);
        if (!source.empty()) examples_[source] = text(tags, kMark);
      }
    }
    token = text(page, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<void> ServerTarget::put_dataset(const transfer::DatasetRecord& in, const std::string& mark) {
  SW_CHECK_OK(learn_datasets());
  json::array experiments;
  for (const auto& theirs : in.experiments) {
    const auto found = experiments_.find(theirs);
    if (found != experiments_.end()) experiments.emplace_back(found->second);
  }
  json::object tags;
  for (const auto& pair : without_own(in.tags)) tags[pair.key] = pair.value;
  add(tags, "mlflow.user", in.created_by);
  tags[kSourceId] = in.id;
  tags[kMark] = mark;
  const auto tags_text = json::dump_value(tags);
  auto& there = datasets_[in.id];
  if (there.id.empty()) {
    const json::object body{
        {"name", in.name}, {"experiment_ids", std::move(experiments)}, {"tags", tags_text}};
    SW_TRY(const auto made, api_.post("/api/3.0/mlflow/datasets/create", json::dump_value(body)));
    there = {text(member(made, "dataset"), "dataset_id"), mark, "", "", false};
    return {};
  }
  const auto path = "/api/3.0/mlflow/datasets/" + percent_encode(there.id);
  SW_CHECK_OK(
      api_.send("PATCH", path + "/tags", json::dump_value(json::object{{"tags", tags_text}})));
  if (experiments.empty()) return {};
  SW_CHECK_OK(
      api_.post(path + "/add-experiments",
                json::dump_value(json::object{{"experiment_ids", std::move(experiments)}})));
  return {};
}

// Those that wait: they belong to one dataset. Each has its mark in its tags.
Result<void> ServerTarget::put_examples() {
  const auto some = std::exchange(waiting_, {});
  if (some.empty()) return {};
  const auto found = datasets_.find(some.front().first.dataset);
  if (found == datasets_.end()) return invalid("examples came before their dataset");
  json::array records;
  for (const auto& [in, mark] : some) {
    auto tags = parsed_or_null(in.tags);
    if (!tags.is_object()) tags = json::object{};
    tags.get_object()[kSourceId] = in.id;
    tags.get_object()[kMark] = mark;
    json::object record{{"inputs", parsed_or_null(in.inputs)}, {"tags", std::move(tags)}};
    if (in.outputs) record["outputs"] = parsed_or_null(*in.outputs);
    if (in.expectations) record["expectations"] = parsed_or_null(*in.expectations);
    if (in.source) record["source"] = parsed_or_null(*in.source);
    records.push_back(std::move(record));
    examples_[in.id] = mark;
  }
  SW_CHECK_OK(api_.post("/api/3.0/mlflow/datasets/" + percent_encode(found->second.id) + "/records",
                        json::dump_value(json::object{{"records", json::dump_value(records)}})));
  return {};
}

Result<std::map<std::string, std::string>> ServerTarget::trace_marks(
    const std::vector<std::string>& ids) {
  std::map<std::string, std::string> out;
  json::array wanted;
  for (const auto& id : ids) wanted.emplace_back(id);
  const auto found = api_.post("/api/3.0/mlflow/traces/batchGetInfos",
                               json::dump_value(json::object{{"trace_ids", std::move(wanted)}}));
  if (found) {
    for (const auto& info : list(*found, "trace_infos")) {
      out[text(info, "trace_id")] = text(member(info, "tags"), kMark);
      trace_folders_[text(info, "trace_id")] =
          text(member(info, "tags"), "mlflow.artifactLocation");
    }
    return out;
  }
  for (const auto& id : ids) {  // an older server is asked for each
    const auto one = api_.get("/api/3.0/mlflow/traces/" + percent_encode(id));
    if (!one) continue;
    const auto& tags = member(member(member(*one, "trace"), "trace_info"), "tags");
    out[id] = text(tags, kMark);
    trace_folders_[id] = text(tags, "mlflow.artifactLocation");
  }
  return out;
}

Result<void> ServerTarget::mark_trace(const std::string& id, const std::string& mark) {
  if (refused_.contains(id)) return {};
  SW_CHECK_OK(
      api_.send("PATCH", "/api/2.0/mlflow/traces/" + percent_encode(id) + "/tags",
                "{\"key\":\"" + std::string(kMark) + "\",\"value\":" + json_quoted(mark) + "}"));
  return {};
}

}  // namespace slipway::drivers::mlflow
