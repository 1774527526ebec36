// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "registry/registry.h"
#include "serving/endpoints.h"
#include "serving/prediction.h"
#include "tracking/artifacts.h"
#include "tracking/runs.h"
#include "tracking/tracking.h"

namespace slipway::app {
namespace {

constexpr std::size_t kExchangesAtOnce = 4'096;
constexpr std::size_t kManyRows = 8'192;  // as the ring gives at once
constexpr std::size_t kMostRowsAtOnce = 100'000;
constexpr std::size_t kMostSchemas = 256;
constexpr std::size_t kMostReferenceBytes = 256u << 20;
constexpr const char* kReferenceFiles[] = {"reference.csv", "reference.jsonl"};

// Drains the ring; called by the monitor's thread and by whoever brings labels.
class Pump {
 public:
  Pump(serving::PredictionLog& log, monitor::Monitor& monitor) : log_(log), monitor_(monitor) {}

  void pull() {
    const std::scoped_lock lock(mutex_);
    // What comes faster than this waits in the ring: the caller has to store it, too.
    std::size_t pulled = 0;
    for (bool more = true; more && pulled < kMostRowsAtOnce;) {
      std::vector<serving::Prediction> drained;
      const auto taken = log_.drain(drained, kExchangesAtOnce);
      more = taken == kExchangesAtOnce || drained.size() >= kManyRows;
      pulled += drained.size();
      std::vector<monitor::Captured> rows;
      rows.reserve(drained.size());
      for (auto& prediction : drained) rows.push_back(converted(prediction));
      if (!rows.empty()) monitor_.capture(std::move(rows));
    }
  }

 private:
  monitor::Captured converted(serving::Prediction& p) {
    return {.endpoint = std::move(p.endpoint),
            .model = std::move(p.model),
            .version = std::move(p.version),
            .request_id = std::move(p.request_id),
            .at = p.at,
            .latency_us = p.latency_us,
            .shadow = p.shadow,
            .schema = schema_of(p.schema),
            .features = std::move(p.features),
            .outputs = std::move(p.outputs),
            .error = std::move(p.error)};
  }

  // Each of serving's schemas is translated once; the key keeps its address from being reused.
  std::shared_ptr<const monitor::Schema> schema_of(
      const std::shared_ptr<const serving::PredictionSchema>& from) {
    if (from == nullptr) return nullptr;
    const auto found = schemas_.find(from);
    if (found != schemas_.end()) return found->second;
    if (schemas_.size() >= kMostSchemas) schemas_.clear();
    auto out = std::make_shared<monitor::Schema>();
    for (const auto& field : from->features) out->features.push_back({field.name, field.text});
    for (const auto& field : from->outputs) out->outputs.push_back({field.name, field.text});
    return schemas_[from] = std::move(out);
  }

  serving::PredictionLog& log_;
  monitor::Monitor& monitor_;
  std::mutex mutex_;
  std::map<std::shared_ptr<const serving::PredictionSchema>, std::shared_ptr<const monitor::Schema>>
      schemas_;
};

void set_recording(serving::Endpoints& endpoints, const std::string& endpoint,
                   std::optional<double> rate, std::int64_t rows_per_second) {
  const auto view = endpoints.get(endpoint);
  if (!view) return;  // settings of an endpoint that is gone
  const auto set = endpoints.set_sample_rate(endpoint, rate.value_or(view->spec.sample_rate));
  const auto bounded = endpoints.set_record_budget(endpoint, rows_per_second);
  for (const auto& done : {set, bounded}) {
    if (done) continue;
    log::warn("monitor.recording", {{"endpoint", endpoint}, {"why", done.error().message}});
  }
}

Result<std::string> read_all(tracking::Artifacts& artifacts, const std::string& root,
                             const std::string& path) {
  SW_TRY(auto reader, artifacts.open(root, path));
  if (reader->size() > kMostReferenceBytes) {
    return exhausted("the reference data has " + std::to_string(reader->size()) + " bytes",
                     "a sample of up to 100,000 rows says as much");
  }
  std::string out(reader->size(), '\0');
  std::size_t at = 0;
  while (at < out.size()) {
    SW_TRY(const std::size_t n, reader->read(out.data() + at, out.size() - at));
    if (n == 0) break;
    at += n;
  }
  out.resize(at);
  return out;
}

// The first of `reference.csv` and `reference.jsonl` under the root; empty when there is none or
// the root is not ours to read.
Result<std::string> reference_under(tracking::Artifacts& artifacts, const std::string& root) {
  for (const char* file : kReferenceFiles) {
    const auto stat = artifacts.stat(root, file);
    if (stat && stat->has_value() && !(*stat)->folder) return read_all(artifacts, root, file);
  }
  return std::string();
}

Result<std::string> reference_of(const MonitorParts& parts, const std::string& model,
                                 const std::string& version) {
  const auto number = parse_int(version);
  if (!number || model.starts_with("graph:")) return std::string();  // none was registered
  SW_TRY(const auto found, parts.registry.version({model, *number}));
  tracking::Artifacts artifacts(parts.blobs);
  SW_TRY(auto text, reference_under(artifacts, found.location));
  if (!text.empty() || found.run_id.empty()) return text;
  const auto run = parts.tracking.runs().get(tracking::RunId{found.run_id});
  if (!run) return std::string();  // the run was removed; the version may be without reference
  return reference_under(artifacts, run->artifact_root);
}

}  // namespace

serving::RowScorer row_scorer(const monitor::Monitor& monitor) {
  return [&monitor](const serving::Exchange& exchange) -> Result<serving::Tensors> {
    std::vector<serving::Prediction> rows;
    serving::append_rows(exchange, static_cast<std::size_t>(exchange.rows), rows);
    std::vector<monitor::Field> fields;
    for (const auto& field : exchange.schema->features) fields.push_back({field.name, field.text});
    std::vector<std::vector<monitor::Value>> values;
    for (auto& row : rows) values.push_back(std::move(row.features));
    SW_TRY(const auto scores, monitor.outliers(exchange.model, exchange.version, fields, values));
    const serving::Shape shape{static_cast<std::int64_t>(scores.size())};
    auto distances = serving::Tensor::make(serving::kOutlierScore, serving::DType::fp64, shape);
    auto shares = serving::Tensor::make(serving::kOutlierPValue, serving::DType::fp64, shape);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      static_cast<double*>(distances.mutable_data())[i] = scores[i].distance;
      static_cast<double*>(shares.mutable_data())[i] = scores[i].p_value;
    }
    return serving::Tensors{std::move(distances), std::move(shares)};
  };
}

namespace {

class Guard : public serving::RequestGuard {
 public:
  explicit Guard(monitor::Expectations& expectations) : expectations_(expectations) {}

  bool watches(const std::string& endpoint) const override {
    return expectations_.watches(endpoint);
  }

  Result<void> look(const serving::Exchange& exchange) override {
    std::vector<serving::Prediction> rows;
    serving::append_rows(exchange, static_cast<std::size_t>(exchange.rows), rows);
    monitor::Asked asked{.endpoint = exchange.endpoint,
                         .model = exchange.model,
                         .version = exchange.version,
                         .request_id = exchange.request_id,
                         .columns = names_of(exchange.schema),
                         .rows = {}};
    asked.rows.reserve(rows.size());
    for (auto& row : rows) asked.rows.push_back(std::move(row.features));
    return expectations_.look(asked);
  }

 private:
  using Names = std::shared_ptr<const std::vector<std::string>>;

  // The names of a schema are listed once; the key keeps its address from being reused.
  Names names_of(const std::shared_ptr<const serving::PredictionSchema>& schema) {
    const std::scoped_lock lock(mutex_);
    const auto found = names_.find(schema);
    if (found != names_.end()) return found->second;
    if (names_.size() >= kMostSchemas) names_.clear();
    auto names = std::make_shared<std::vector<std::string>>();
    for (const auto& field : schema->features) names->push_back(field.name);
    return names_[schema] = std::move(names);
  }

  monitor::Expectations& expectations_;
  std::mutex mutex_;
  std::map<std::shared_ptr<const serving::PredictionSchema>, Names> names_;
};

}  // namespace

std::unique_ptr<serving::RequestGuard> request_guard(monitor::Monitor& monitor) {
  return std::make_unique<Guard>(monitor.expectations());
}

monitor::Monitor::Hooks monitor_hooks(const MonitorParts& parts) {
  auto pump = std::make_shared<Pump>(parts.endpoints.predictions(), parts.monitor);
  monitor::Monitor::Hooks out;
  out.pull = [pump] { pump->pull(); };
  out.recording = [&endpoints = parts.endpoints](const std::string& endpoint,
                                                 std::optional<double> rate,
                                                 std::int64_t rows_per_second) {
    set_recording(endpoints, endpoint, rate, rows_per_second);
  };
  out.reference = [parts](const std::string& model, const std::string& version) {
    return reference_of(parts, model, version);
  };
  return out;
}

}  // namespace slipway::app
