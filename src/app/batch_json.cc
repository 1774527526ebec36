// SPDX-License-Identifier: Apache-2.0
// Batch jobs as the API speaks of them.
#include "app/batch.h"
#include "base/text.h"
#include "json/value.h"

namespace slipway::app {
namespace {

json::value time_of(const std::optional<Timestamp>& at) {
  return at ? json::value(to_rfc3339(*at)) : json::value(nullptr);
}

Result<std::string> text_of(const json::value& from, const char* key) {
  const auto* found = json::find(from, key);
  if (found == nullptr || found->is_null()) return std::string();
  if (!found->is_string()) return invalid(std::string(key) + " is not a text");
  return std::string(found->get_string());
}

}  // namespace

std::string to_json(const BatchJob& job) {
  json::array keep;
  for (const auto& name : job.spec.keep) keep.emplace_back(name);
  return json::dump_value(json::object{
      {"id", job.id},
      {"target", job.spec.target},
      {"model", job.model},
      {"version", job.version},
      {"input", job.spec.input},
      {"output", job.spec.output.empty() ? json::value(nullptr) : json::value(job.spec.output)},
      {"table", job.spec.table.empty() ? json::value(nullptr) : json::value(job.spec.table)},
      {"key", job.spec.key.empty() ? json::value(nullptr) : json::value(job.spec.key)},
      {"keep", std::move(keep)},
      {"status", job.state},
      {"error", job.error.empty() ? json::value(nullptr) : json::value(job.error)},
      {"rows", job.rows_total},
      {"rows_done", job.rows_done},
      {"created", to_rfc3339(job.created)},
      {"started", time_of(job.started)},
      {"ended", time_of(job.ended)}});
}

std::string to_json(const BatchAnswer& answer, Timestamp now) {
  std::string out = "{\"key\":";
  append_json_string(out, answer.key);
  out += ",\"prediction\":" + answer.answer + ",\"model\":";
  append_json_string(out, answer.model);
  out += ",\"version\":";
  append_json_string(out, answer.version);
  out += ",\"job\":";
  append_json_string(out, answer.job);
  out += ",\"predicted\":\"" + to_rfc3339(answer.at) + "\",\"age_seconds\":";
  return out + number_text(static_cast<double>(now.ms - answer.at.ms) / 1000) + "}";
}

Result<BatchSpec> parse_batch_spec(const std::string& text) {
  SW_TRY(const auto body, json::parse_value(text));
  if (!body.is_object()) return invalid("the body is not an object");
  for (const auto& member : body.get_object()) {
    const std::string name(member.key());
    if (name != "target" && name != "endpoint" && name != "model" && name != "version" &&
        name != "input" && name != "output" && name != "table" && name != "key" && name != "keep") {
      return invalid("unknown field '" + name.substr(0, 100) + "'",
                     "target, input, output, table, key and keep are known");
    }
  }
  BatchSpec out;
  SW_TRY(out.target, text_of(body, "target"));
  SW_TRY(out.input, text_of(body, "input"));
  SW_TRY(out.output, text_of(body, "output"));
  SW_TRY(out.table, text_of(body, "table"));
  SW_TRY(out.key, text_of(body, "key"));
  SW_TRY(const auto endpoint, text_of(body, "endpoint"));
  SW_TRY(const auto model, text_of(body, "model"));
  SW_TRY(const auto version, text_of(body, "version"));
  if (out.target.empty()) out.target = endpoint;
  if (out.target.empty() && !model.empty()) {
    out.target = version.empty() ? model : "models:/" + model + "/" + version;
  }
  if (out.target.empty()) {
    return invalid("target is missing",
                   "name an endpoint, models:/NAME/VERSION or "
                   "models:/NAME@ALIAS");
  }
  if (out.input.empty()) return invalid("input is missing");
  if (const auto* keep = json::find(body, "keep"); keep != nullptr && !keep->is_null()) {
    if (!keep->is_array()) return invalid("keep is not a list of columns");
    for (const auto& name : keep->get_array()) {
      if (!name.is_string()) return invalid("keep is not a list of columns");
      out.keep.emplace_back(name.get_string());
    }
    if (out.keep.empty()) out.keep.emplace_back("-");
  }
  return out;
}

}  // namespace slipway::app
