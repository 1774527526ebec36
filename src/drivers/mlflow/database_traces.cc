// SPDX-License-Identifier: Apache-2.0
#include "database_traces.h"

#include "folder_traces.h"
#include "json/value.h"
#include "places.h"
#include "traces.h"

namespace slipway::drivers::mlflow {
namespace {

using store::Connection;
using store::Row;
using transfer::AssessmentRecord;
using transfer::DatasetRecord;
using transfer::ExampleRecord;
using transfer::Record;
using transfer::TraceRecord;

constexpr std::int64_t kAtOnce = 200;

std::string text(const Row& row, int column) {
  return row.is_null(column) ? std::string() : std::string(row.text(column));
}
std::int64_t number(const Row& row, int column) {
  return row.maybe_int64(column).value_or(0);
}

// Outputs stand in an object of one member.
std::optional<std::string> outputs_of(const std::optional<std::string>& wrapped) {
  if (!wrapped) return std::nullopt;
  const auto value = json::parse_value(*wrapped);
  if (!value || !value->is_object()) return std::nullopt;
  const auto* inner = json::find(*value, "mlflow_wrapped");
  return inner == nullptr ? std::nullopt : std::optional(json::dump_value(*inner));
}

// A JSON null is nothing.
std::optional<std::string> json_text(const Row& row, int column) {
  auto out = row.maybe_text(column);
  return out && *out == "null" ? std::nullopt : out;
}

}  // namespace

std::string question_marks(std::size_t n) {
  std::string out = "?";
  for (std::size_t i = 1; i < n; ++i) out += ",?";
  return out;
}

Result<void> TraceTables::traces(const transfer::Source::Each<std::vector<TraceRecord>>& each) {
  if (!has("trace_info.request_id")) return {};
  for (std::string last;;) {
    folders_.clear();
    SW_TRY(auto batch, db_.read([&](Connection& c) { return traces_after(c, last); }));
    if (batch.empty()) return {};
    last = batch.back().id;
    SW_CHECK_OK(each(std::move(batch)));
  }
}

Result<std::vector<TraceRecord>> TraceTables::traces_after(Connection& c, const std::string& last) {
  const auto column = [&](const char* name) {
    return has("trace_info." + std::string(name)) ? std::string(", ") + name
                                                  : std::string(", NULL");
  };
  SW_TRY(auto out,
         c.all("SELECT request_id, experiment_id, timestamp_ms, execution_time_ms, status" +
                   column("client_request_id") + column("request_preview") +
                   column("response_preview") + column("trace_name") + column("session_id") +
                   column("input_tokens") + column("output_tokens") + column("total_tokens") +
                   column("cache_read_input_tokens") + column("cache_creation_input_tokens") +
                   column("cache_creation_input_tokens_above_1hr") + column("input_cost") +
                   column("output_cost") + column("total_cost") +
                   " FROM trace_info WHERE request_id > ? ORDER BY request_id LIMIT ?",
               {last, kAtOnce}, [](const Row& row) {
                 TraceRecord trace{.id = text(row, 0)};
                 trace.experiment = std::to_string(row.int64(1));
                 trace.requested = row.int64(2);
                 trace.duration = row.maybe_int64(3);
                 trace.state = text(row, 4);
                 trace.client_id = row.maybe_text(5);
                 trace.request = row.maybe_text(6);
                 trace.response = row.maybe_text(7);
                 trace.name = row.maybe_text(8);
                 trace.session = row.maybe_text(9);
                 trace.usage = {row.maybe_int64(10), row.maybe_int64(11), row.maybe_int64(12),
                                row.maybe_int64(13), row.maybe_int64(14), row.maybe_int64(15)};
                 trace.cost = {row.maybe_real(16), row.maybe_real(17), row.maybe_real(18)};
                 const bool known =
                     trace.state == "OK" || trace.state == "ERROR" || trace.state == "IN_PROGRESS";
                 if (!known) trace.state.clear();
                 return trace;
               }));
  SW_CHECK_OK(load_details(c, out));
  return out;
}

Result<void> TraceTables::load_details(Connection& c, std::vector<TraceRecord>& traces) {
  for (auto& trace : traces) {
    SW_CHECK_OK(c.query("SELECT key, value FROM trace_tags WHERE request_id = ? ORDER BY key",
                        {trace.id}, [&](const Row& row) {
                          if (text(row, 0) == "mlflow.artifactLocation") {
                            folders_[trace.id] = text(row, 1);
                          }
                          take_trace_tag(trace, text(row, 0), text(row, 1));
                          return true;
                        }));
    SW_CHECK_OK(
        c.query("SELECT key, value FROM trace_request_metadata WHERE request_id = ? ORDER BY key",
                {trace.id}, [&](const Row& row) {
                  take_trace_metadata(trace, text(row, 0), text(row, 1));
                  return true;
                }));
    if (has("assessments.assessment_id")) SW_CHECK_OK(load_assessments(c, trace));
    if (!has("entity_associations.source_id")) continue;
    SW_TRY(trace.runs,
           c.all("SELECT destination_id FROM entity_associations WHERE source_type = 'trace' AND"
                 " source_id = ? AND destination_type = 'run' ORDER BY destination_id",
                 {trace.id}, [](const Row& row) { return text(row, 0); }));
  }
  return {};
}

Result<void> TraceTables::load_assessments(Connection& c, TraceRecord& trace) {
  SW_TRY(trace.assessments,
         c.all("SELECT assessment_id, assessment_type, name, value, error, source_type, source_id,"
               " run_id, span_id, rationale, overrides, CASE WHEN valid THEN 1 ELSE 0 END,"
               " assessment_metadata, created_timestamp, last_updated_timestamp FROM assessments"
               " WHERE trace_id = ? ORDER BY created_timestamp, assessment_id",
               {trace.id}, [](const Row& row) {
                 AssessmentRecord one{.id = text(row, 0), .kind = text(row, 1)};
                 one.name = text(row, 2);
                 one.value = text(row, 3);
                 one.error = row.maybe_text(4);
                 one.source_kind = text(row, 5);
                 one.source = row.maybe_text(6);
                 one.run = row.maybe_text(7);
                 one.span = row.maybe_text(8);
                 one.rationale = row.maybe_text(9);
                 one.overrides = row.maybe_text(10);
                 one.valid = row.int64(11) != 0;
                 one.metadata = row.maybe_text(12);
                 one.created = number(row, 13);
                 one.updated = number(row, 14);
                 return one;
               }));
  return {};
}

Result<void> TraceTables::spans(TraceRecord& trace) {
  std::vector<std::string> bodies;
  if (has("spans.content")) {
    SW_TRY(bodies, db_.read([&](Connection& c) {
      return c.all("SELECT content FROM spans WHERE trace_id = ? ORDER BY start_time_unix_nano",
                   {trace.id}, [](const Row& row) { return text(row, 0); });
    }));
  }
  const auto add = [&](const json::value& span) -> Result<void> {
    SW_TRY(auto record, span_of(span));
    trace.spans.push_back(std::move(record));
    return {};
  };
  for (const auto& body : bodies) {
    SW_TRY(const auto span, json::parse_value(body));
    SW_CHECK_OK(add(span));
  }
  if (!bodies.empty()) return {};
  // Older ones lie in a file beside the runs' artifacts.
  const auto path = folder_of(trace.id);
  if (path.empty()) return {};
  return spans_of_file(path + "/traces.json", trace);
}

std::string TraceTables::folder_of(const std::string& trace) const {
  const auto folder = folders_.find(trace);
  if (folder == folders_.end()) return {};
  const auto place = place_of(folder->second, base_);
  if (place.kind == Place::Kind::folder) return place.path;
  if (place.kind != Place::Kind::proxied || artifacts_.empty()) return {};
  return artifacts_ + "/" + place.path;
}

Result<std::vector<transfer::SourceFile>> TraceTables::files(const std::string& trace) {
  const auto folder = folder_of(trace);
  if (folder.empty()) return std::vector<transfer::SourceFile>();
  SW_TRY(auto out, files_below(folder + "/attachments"));
  for (auto& file : out) file.path.insert(0, "attachments/");
  return out;
}

Result<void> TraceTables::datasets(const transfer::Source::Each<std::vector<Record>>& each) {
  if (!has("evaluation_datasets.dataset_id")) return {};
  SW_TRY(auto all, db_.read([&](Connection& c) {
    return c.all(
        "SELECT dataset_id, name, digest, schema, profile, created_time, last_update_time,"
        " created_by, last_updated_by FROM evaluation_datasets ORDER BY dataset_id",
        {}, [](const Row& row) {
          DatasetRecord out{.id = text(row, 0), .name = text(row, 1)};
          out.digest = text(row, 2);
          out.schema = row.maybe_text(3);
          out.profile = row.maybe_text(4);
          out.created = number(row, 5);
          out.updated = number(row, 6);
          out.created_by = row.maybe_text(7);
          out.updated_by = row.maybe_text(8);
          return out;
        });
  }));
  for (auto& dataset : all) {
    const auto id = dataset.id;
    std::vector<Record> examples;
    SW_CHECK_OK(db_.read([&](Connection& c) -> Result<void> {
      SW_CHECK_OK(
          c.query("SELECT key, value FROM evaluation_dataset_tags WHERE dataset_id = ?"
                  " ORDER BY key",
                  {id}, [&](const Row& row) {
                    dataset.tags.push_back({text(row, 0), text(row, 1)});
                    return true;
                  }));
      SW_TRY(dataset.experiments,
             c.all("SELECT destination_id FROM entity_associations WHERE source_id = ? AND"
                   " source_type = 'evaluation_dataset' AND destination_type = 'experiment'"
                   " ORDER BY destination_id",
                   {id}, [](const Row& row) { return text(row, 0); }));
      return c.query(
          "SELECT dataset_record_id, CAST(inputs AS TEXT), CAST(outputs AS TEXT),"
          " CAST(expectations AS TEXT), CAST(tags AS TEXT), CAST(source AS TEXT), created_time,"
          " last_update_time, created_by, last_updated_by FROM evaluation_dataset_records"
          " WHERE dataset_id = ? ORDER BY created_time, dataset_record_id",
          {id}, [&](const Row& row) {
            ExampleRecord out{.id = text(row, 0), .dataset = id, .inputs = text(row, 1)};
            out.outputs = outputs_of(row.maybe_text(2));
            out.expectations = json_text(row, 3);
            out.tags = json_text(row, 4).value_or("{}");
            out.source = json_text(row, 5);
            out.created = number(row, 6);
            out.updated = number(row, 7);
            out.created_by = row.maybe_text(8);
            out.updated_by = row.maybe_text(9);
            examples.push_back({.example = std::move(out)});
            return true;
          });
    }));
    std::vector<Record> one;
    one.push_back({.dataset = std::move(dataset)});
    SW_CHECK_OK(each(std::move(one)));
    if (!examples.empty()) SW_CHECK_OK(each(std::move(examples)));
  }
  return {};
}

}  // namespace slipway::drivers::mlflow
