// SPDX-License-Identifier: Apache-2.0
// MLflow REST, what runs report: metrics, params, tags, batches, inputs and outputs.
#include <set>

#include "endpoint.h"
#include "json/spaced.h"
#include "json/value.h"
#include "rules.h"
#include "runs/batch_reader.h"
#include "runs/messages_run.h"
#include "tracking/tracking.h"
#include "uris.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {

// The plain form of the two frequent reports is read directly; everything else, and what is wrong
// with it, is the general reader's.
template <>
Result<LogBatch> read<LogBatch>(const net::Request& request) {
  SW_TRY(const auto text, json_of(request));
  if (auto plain = read_plain_batch(text)) return *std::move(plain);
  return read_any<LogBatch>(text, request);
}

template <>
Result<LogMetric> read<LogMetric>(const net::Request& request) {
  SW_TRY(const auto text, json_of(request));
  if (auto plain = read_plain_metric(text)) return *std::move(plain);
  return read_any<LogMetric>(text, request);
}

namespace {

using tracking::RunId;
using tracking::Tracking;

constexpr std::size_t kBatchLimit = 1000;
constexpr std::size_t kPairsLimit = 100;
constexpr const char* kLoggedModelsTag = "mlflow.log-model.history";

template <class In>
Result<RunId> id_of(const In& in) {
  const auto& id = in.run_id.empty() ? in.run_uuid : in.run_id;
  if (id.empty()) return missing("run_id");
  return RunId(id);
}

// Where a field stands: nothing for a single call, "metrics[3]." inside a batch.
struct Place {
  const char* list = "";
  std::size_t index = 0;

  std::string operator+(std::string_view field) const {
    if (*list == 0) return std::string(field);
    return std::string(list) + "[" + std::to_string(index) + "]." + std::string(field);
  }
};

Result<tracking::Metric> metric_of(const LogMetric& in, const Place& place) {
  if (in.key.empty()) return missing(place + "key");
  if (!in.value) return missing(place + "value");
  if (!in.timestamp) return missing(place + "timestamp");
  if (!is_plain_name(in.key)) SW_CHECK_OK(check_name(place + "name", in.key));
  SW_CHECK_OK(check_length("Metric name", in.key, kKeyLimit));
  if (*in.timestamp < 0) {
    return invalid("invalid value " + std::to_string(*in.timestamp) + " for parameter '" +
                       (place + "timestamp") + "' of metric '" + in.key + "'",
                   "it must be a nonnegative 64-bit integer");
  }
  return tracking::Metric{.key = in.key,
                          .value = *in.value,
                          .at = {*in.timestamp},
                          .step = in.step,
                          .model = in.model_id,
                          .dataset_name = in.dataset_name,
                          .dataset_digest = in.dataset_digest};
}

Result<tracking::Param> param_of(const KeyValue& in, const Place& place) {
  if (in.key.empty()) return missing(place + "key");
  if (!is_plain_name(in.key)) SW_CHECK_OK(check_name(place + "key", in.key));
  SW_CHECK_OK(check_length("Param key", in.key, kKeyLimit));
  return tracking::Param{in.key, cut(in.value, kParamLimit)};
}

Result<void> add_tag(tracking::Batch& batch, const KeyValue& in, const Place& place) {
  if (in.key.empty()) return missing(place + "key");
  if (!is_plain_name(in.key)) SW_CHECK_OK(check_name(place + "key", in.key));
  SW_CHECK_OK(check_length(place + "key", in.key, kKeyLimit));
  if (in.key == kRunNameTag) {
    batch.name = cut(in.value, kTagLimit);
  } else {
    batch.tags.push_back({in.key, cut(in.value, kTagLimit)});
  }
  return {};
}

// What a call reports, and of which run.
struct Report {
  RunId run;
  tracking::Batch batch;
};

void keep(Tracking& tracking, Result<Report> report, const Done<Empty>& done) {
  if (!report) return done(std::move(report.error()));
  tracking.runs().log_later(report->run, std::move(report->batch), [done](Result<void> kept) {
    done(kept ? Result<Empty>(Empty{}) : std::move(kept.error()));
  });
}

Result<Report> report_of(const LogMetric& in) {
  Report out;
  SW_TRY(out.run, id_of(in));
  SW_TRY(auto metric, metric_of(in, {}));
  out.batch.metrics.push_back(std::move(metric));
  return out;
}

void log_metric(Tracking& tracking, const LogMetric& in, const Done<Empty>& done) {
  keep(tracking, report_of(in), done);
}

Result<Report> param_report(const RunPair& in) {
  Report out;
  SW_TRY(out.run, id_of(in));
  SW_TRY(auto param, param_of({in.key, in.value}, {}));
  out.batch.params.push_back(std::move(param));
  return out;
}

void log_param(Tracking& tracking, const RunPair& in, const Done<Empty>& done) {
  keep(tracking, param_report(in), done);
}

Result<Report> tag_report(const RunPair& in) {
  Report out;
  SW_TRY(out.run, id_of(in));
  SW_CHECK_OK(add_tag(out.batch, {in.key, in.value}, {}));
  return out;
}

void set_tag(Tracking& tracking, const RunPair& in, const Done<Empty>& done) {
  keep(tracking, tag_report(in), done);
}

Result<Empty> delete_tag(Tracking& tracking, const RunPair& in) {
  SW_TRY(const auto id, id_of(in));
  if (in.key.empty()) return missing("key");
  if (in.key == kRunNameTag) {  // it says the run's name, which stays
    SW_CHECK_OK(tracking.runs().get(id));
    return Empty{};
  }
  SW_CHECK_OK(tracking.runs().remove_tag(id, in.key));
  return Empty{};
}

Result<void> check_count(std::string_view what, std::size_t limit, std::size_t count) {
  if (count <= limit) return {};
  return invalid("a batch logging request can contain at most " + std::to_string(limit) + " " +
                     std::string(what) + ", got " + std::to_string(count),
                 "split them over several requests");
}

Result<void> check_counts(const LogBatch& in) {
  SW_CHECK_OK(check_count("metrics", kBatchLimit, in.metrics.size()));
  SW_CHECK_OK(check_count("params", kPairsLimit, in.params.size()));
  SW_CHECK_OK(check_count("tags", kPairsLimit, in.tags.size()));
  return check_count("metrics, params, and tags", kBatchLimit,
                     in.metrics.size() + in.params.size() + in.tags.size());
}

Result<Report> report_of(const LogBatch& in) {
  if (in.run_id.empty()) return missing("run_id");
  SW_CHECK_OK(check_run_id(in.run_id));
  SW_CHECK_OK(check_counts(in));
  Report out{RunId(in.run_id), {}};
  auto& batch = out.batch;
  batch.metrics.reserve(in.metrics.size());
  for (std::size_t i = 0; i < in.metrics.size(); ++i) {
    SW_TRY(auto metric, metric_of(in.metrics[i], Place{"metrics", i}));
    batch.metrics.push_back(std::move(metric));
  }
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < in.params.size(); ++i) {
    SW_TRY(auto param, param_of(in.params[i], Place{"params", i}));
    if (!keys.insert(in.params[i].key).second) {
      return invalid("duplicate parameter keys have been submitted: '" + in.params[i].key + "'",
                     "give one value per key");
    }
    batch.params.push_back(std::move(param));
  }
  for (std::size_t i = 0; i < in.tags.size(); ++i) {
    SW_CHECK_OK(add_tag(batch, in.tags[i], Place{"tags", i}));
  }
  return out;
}

void log_batch(Tracking& tracking, const LogBatch& in, const Done<Empty>& done) {
  keep(tracking, report_of(in), done);
}

// The tag keeps a JSON array with one entry a model: where it is, and its flavors without their
// configuration.
Result<json::value> history_entry(const std::string& text) {
  auto model = json::parse_value(text);
  if (!model || !model->is_object()) {
    return invalid("malformed model info: '" + cut(text, 200) + "' is not a JSON object");
  }
  json::object out;
  for (const auto* key : {"run_id", "artifact_path", "utc_time_created", "model_uuid"}) {
    const auto* found = json::find(*model, key);
    out[key] = found != nullptr ? *found : json::value(nullptr);
  }
  const auto* flavors = json::find(*model, "flavors");
  for (const auto* key : {"artifact_path", "flavors", "utc_time_created", "run_id"}) {
    if (json::find(*model, key) == nullptr) {
      return invalid("model json is missing the mandatory field '" + std::string(key) + "'");
    }
  }
  json::object kept;
  if (flavors->is_object()) {
    for (const auto& [name, config] : flavors->get_object()) {
      auto copy = config;
      if (copy.is_object()) copy.get_object().erase("config");
      kept[name] = std::move(copy);
    }
  }
  out["flavors"] = std::move(kept);
  return json::value(std::move(out));
}

Result<Empty> log_model(Tracking& tracking, const LogModel& in) {
  if (in.run_id.empty()) return missing("run_id");
  if (in.model_json.empty()) return missing("model_json");
  SW_TRY(const auto entry, history_entry(in.model_json));
  const auto append = [&](const std::optional<std::string>& present) -> Result<std::string> {
    json::array history;
    if (present) {
      if (auto before = json::parse_value(*present); before && before->is_array()) {
        history = before->get_array();
      }
    }
    history.push_back(entry);
    return json::dump_spaced(json::value(std::move(history)), json::Escape::ascii);
  };
  SW_CHECK_OK(tracking.runs().edit_tag(RunId(in.run_id), kLoggedModelsTag, append));
  return Empty{};
}

Result<tracking::DatasetInput> dataset_of(const DatasetInputMessage& in, const std::string& path) {
  if (!in.dataset) return missing(path + "dataset");
  const auto& d = *in.dataset;
  for (const auto& [field, value] :
       {std::pair("name", &d.name), std::pair("digest", &d.digest),
        std::pair("source_type", &d.source_type), std::pair("source", &d.source)}) {
    if (!value->has_value()) return missing(path + "dataset." + field);
  }
  SW_CHECK_OK(check_length("name", *d.name, 500));
  SW_CHECK_OK(check_length("digest", *d.digest, 36));
  SW_CHECK_OK(check_length("source", *d.source, 65'535));
  SW_CHECK_OK(check_length("schema", d.schema.value_or(""), 1'048'575));
  SW_CHECK_OK(check_length("profile", d.profile.value_or(""), 16'777'215));
  for (const auto& tag : in.tags) {
    SW_CHECK_OK(check_length("key", tag.key, 255));
    SW_CHECK_OK(check_length("value", tag.value, 500));
  }
  return tracking::DatasetInput{.dataset = {.name = *d.name,
                                            .digest = *d.digest,
                                            .source_type = *d.source_type,
                                            .source = *d.source,
                                            .schema = d.schema,
                                            .profile = d.profile},
                                .tags = to_tags(in.tags)};
}

Result<Empty> log_inputs(Tracking& tracking, const LogInputs& in) {
  if (in.run_id.empty()) return missing("run_id");
  SW_CHECK_OK(check_run_id(in.run_id));
  std::vector<tracking::DatasetInput> datasets;
  for (std::size_t i = 0; i < in.datasets.size(); ++i) {
    SW_TRY(auto dataset, dataset_of(in.datasets[i], "datasets[" + std::to_string(i) + "]."));
    datasets.push_back(std::move(dataset));
  }
  std::vector<tracking::LoggedModelId> models;
  for (const auto& model : in.models) models.emplace_back(model.model_id);
  SW_CHECK_OK(tracking.runs().add_inputs(RunId(in.run_id), datasets, models));
  return Empty{};
}

Result<Empty> log_outputs(Tracking& tracking, const LogOutputs& in) {
  if (in.run_id.empty()) return missing("run_id");
  if (in.models.empty()) return missing("models");
  std::vector<tracking::ModelOutput> models;
  for (const auto& model : in.models) {
    models.push_back({tracking::LoggedModelId(model.model_id), model.step});
  }
  SW_CHECK_OK(tracking.runs().add_outputs(RunId(in.run_id), models));
  return Empty{};
}

}  // namespace

void add_logging_routes(net::Router& router, Tracking& tracking) {
  Endpoints at{router, tracking, "run"};
  at.post_later("runs/log-metric", log_metric);
  at.post_later("runs/log-parameter", log_param);
  at.post_later("runs/set-tag", set_tag);
  at.post("runs/delete-tag", delete_tag);
  at.post_later("runs/log-batch", log_batch);
  at.post("runs/log-model", log_model);
  at.post("runs/log-inputs", log_inputs);
  at.post("runs/outputs", log_outputs);
}

}  // namespace slipway::wire::mlflow
