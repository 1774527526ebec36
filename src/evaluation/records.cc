// SPDX-License-Identifier: Apache-2.0
// Records of datasets: known by their inputs, merged when they come again.
#include <algorithm>
#include <array>

#include "base/hash.h"
#include "datasets_sql.h"
#include "digest.h"
#include "evaluation/intake.h"
#include "json/value.h"
#include "support.h"

namespace slipway::evaluation {
namespace {

using store::Connection;

constexpr std::array<std::string_view, 5> kSources = {"UNSPECIFIED", "TRACE", "HUMAN", "DOCUMENT",
                                                      "CODE"};
constexpr std::size_t kRecordsLimit = 100'000;

// The same text for the same value, whatever the order of its members.
void append_canonical(std::string& out, const json::value& value) {
  if (value.is_object()) {
    std::vector<const json::object::value_type*> members;
    for (const auto& member : value.get_object()) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
    out += '{';
    for (const auto* member : members) {
      append_json_string(out, member->key());
      out += ':';
      append_canonical(out, member->value());
      out += ',';
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (const auto& item : value.get_array()) {
      append_canonical(out, item);
      out += ',';
    }
    out += ']';
  } else {
    out += json::dump_value(value);
  }
}

std::string hash_of(const json::value& inputs) {
  std::string text;
  append_canonical(text, inputs);
  return sha256_hex(text);
}

std::string_view type_of(const json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "integer";
    case boost::json::kind::double_:
      return "float";
    case boost::json::kind::string:
      return "string";
    case boost::json::kind::array:
      return "array";
    case boost::json::kind::object:
      return "object";
  }
  return "unknown";
}

struct Incoming {
  json::object inputs;
  std::optional<json::value> outputs;  // nothing: not named; null: none
  json::object expectations;
  bool has_expectations = false;
  json::object tags;
  std::optional<std::string> source;
  std::string hash;
  std::optional<std::string> user;
};

Error bad(std::size_t i, std::string_view field, std::string_view what) {
  return invalid("records[" + std::to_string(i) + "]" + (field.empty() ? "" : ".") +
                 std::string(field) + " " + std::string(what));
}

// An object, or nothing when absent or null.
Result<std::optional<json::object>> object_at(const json::value& from, std::size_t i,
                                              std::string_view field) {
  const auto* found = json::find(from, field);
  if (found == nullptr || found->is_null()) return std::optional<json::object>();
  if (!found->is_object()) return bad(i, field, "must be an object");
  return std::optional(found->get_object());
}

Result<std::optional<std::string>> source_at(const json::value& from, std::size_t i) {
  SW_TRY(auto source, object_at(from, i, "source"));
  if (!source || source->empty()) return std::optional<std::string>();
  for (const auto& member : *source) {
    if (member.key() != "source_type" && member.key() != "source_data") {
      return bad(i, "source", "has an unknown field");
    }
  }
  const json::value whole(*source);
  auto type = json::text_at(whole, "source_type").value_or("");
  for (char& c : type) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  if (std::find(kSources.begin(), kSources.end(), type) == kSources.end()) {
    return bad(i, "source.source_type", "must be one of UNSPECIFIED, TRACE, HUMAN, DOCUMENT, CODE");
  }
  json::object out;
  out["source_type"] = type;
  const auto* data = json::find(whole, "source_data");
  if (data != nullptr && !data->is_null() && !data->is_object()) {
    return bad(i, "source.source_data", "must be an object");
  }
  out["source_data"] = data != nullptr && data->is_object() ? *data : json::value(json::object());
  return std::optional(json::dump_value(out));
}

Result<Incoming> incoming(const json::value& from, std::size_t i) {
  if (!from.is_object()) return bad(i, "", "must be an object");
  Incoming out;
  const auto* inputs = json::find(from, "inputs");
  if (inputs != nullptr && !inputs->is_object()) return bad(i, "inputs", "must be an object");
  if (inputs != nullptr) out.inputs = inputs->get_object();
  out.hash = hash_of(json::value(out.inputs));
  if (const auto* outputs = json::find(from, "outputs")) out.outputs = *outputs;
  SW_TRY(auto expectations, object_at(from, i, "expectations"));
  out.has_expectations = expectations.has_value();
  if (expectations) out.expectations = *std::move(expectations);
  SW_TRY(auto tags, object_at(from, i, "tags"));
  if (tags) out.tags = *std::move(tags);
  out.user = json::text_at(json::value(out.tags), kUserTag);
  SW_TRY(out.source, source_at(from, i));
  return out;
}

std::string merged(const std::optional<std::string>& before, const json::object& more) {
  auto base = before ? json::parse_value(*before) : Result<json::value>(json::object());
  json::object out = base && base->is_object() ? base->get_object() : json::object();
  for (const auto& member : more) out[member.key()] = member.value();
  return json::dump_value(out);
}

void merge_into(DatasetRecord& record, const Incoming& in, Timestamp now) {
  if (in.outputs) {
    record.outputs = in.outputs->is_null() ? std::optional<std::string>()
                                           : std::optional(json::dump_value(*in.outputs));
  }
  if (!in.expectations.empty()) record.expectations = merged(record.expectations, in.expectations);
  if (!in.tags.empty()) record.tags = merged(record.tags, in.tags);
  if (in.user) record.updated_by = in.user;
  record.updated = now;
}

void note_fields(json::object& schema, std::string_view part, const json::object& fields) {
  if (!schema[part].is_object()) return;
  auto& known = schema[part].get_object();
  for (const auto& field : fields) {
    if (!known.contains(field.key())) known[field.key()] = type_of(field.value());
  }
}

// The schema with what the records add to it.
std::optional<std::string> schema_with(const std::optional<std::string>& before,
                                       const std::vector<Incoming>& records) {
  if (!before && records.empty()) return std::nullopt;
  json::object schema;
  const auto parsed = before ? json::parse_value(*before) : Result<json::value>(json::value());
  if (parsed && parsed->is_object()) {
    schema = parsed->get_object();
  } else {
    schema = {{"inputs", json::object()},
              {"outputs", json::object()},
              {"expectations", json::object()},
              {"version", "1.0"}};
  }
  for (const auto& record : records) {
    note_fields(schema, "inputs", record.inputs);
    if (record.outputs && record.outputs->is_object()) {
      note_fields(schema, "outputs", record.outputs->get_object());
    } else if (record.outputs && !record.outputs->is_null() && schema["outputs"].is_object() &&
               schema["outputs"].get_object().empty()) {
      schema["outputs"] = type_of(*record.outputs);
    }
    note_fields(schema, "expectations", record.expectations);
  }
  return json::dump_value(schema);
}

Result<std::vector<Incoming>> all_incoming(const std::string& text) {
  SW_TRY(const auto parsed, json::parse_value(text));
  if (!parsed.is_array()) return invalid("'records' must be a JSON array");
  if (parsed.get_array().size() > kRecordsLimit) return invalid("more than 100000 records");
  std::vector<Incoming> out;
  for (const auto& item : parsed.get_array()) {
    SW_TRY(auto record, incoming(item, out.size()));
    out.push_back(std::move(record));
  }
  return out;
}

DatasetRecord made_of(const Incoming& in, const std::string& dataset, Timestamp now) {
  DatasetRecord out;
  out.dataset = dataset;
  out.inputs = json::dump_value(in.inputs);
  if (!in.outputs) out.outputs = "{}";
  if (in.outputs && !in.outputs->is_null()) out.outputs = json::dump_value(*in.outputs);
  if (in.has_expectations) out.expectations = json::dump_value(in.expectations);
  out.tags = json::dump_value(in.tags);
  out.source = in.source;
  out.created = out.updated = now;
  out.created_by = out.updated_by = in.user;
  return out;
}

}  // namespace

Result<void> take_dataset(Connection& db, const Dataset& dataset,
                          const std::vector<std::string>& experiments) {
  if (dataset.id.empty()) return invalid("an evaluation dataset has no id");
  SW_TRY(const auto found, find_dataset(db, dataset.id));
  if (!found) SW_CHECK_OK(insert_dataset(db, dataset));
  SW_CHECK_OK(update_dataset(db, dataset));
  for (const auto& tag : dataset.tags) SW_CHECK_OK(put_dataset_tag(db, dataset.id, tag));
  for (const auto& experiment : experiments) {
    SW_CHECK_OK(put_experiment(db, dataset.id, experiment));
  }
  return {};
}

Result<void> take_record(Connection& db, const DatasetRecord& record) {
  SW_TRY(const auto inputs, json::parse_value(record.inputs.empty() ? "{}" : record.inputs));
  if (record.id.empty() || !inputs.is_object()) {
    return invalid("example '" + record.id + "' has no id or no object as its inputs");
  }
  SW_TRY(const auto dataset, find_dataset(db, record.dataset));
  if (!dataset) {
    return invalid(
        "example '" + record.id + "' belongs to the unknown dataset '" + record.dataset + "'",
        "send a dataset before its examples");
  }
  auto one = record;
  one.inputs = json::dump_value(inputs);
  const auto hash = hash_of(inputs);
  SW_TRY(const auto found, find_record(db, one.dataset, hash));
  if (!found) return insert_record(db, one, hash);
  one.id = found->id;
  return update_record(db, one);
}

Result<Upserted> Datasets::upsert(const std::string& id, const std::string& records) {
  SW_TRY(const auto all, all_incoming(records));
  return parts_.db.write([&](Connection& c) -> Result<Upserted> {
    SW_TRY(auto dataset, find_dataset(c, id));
    if (!dataset) return not_found("evaluation dataset with id '" + id + "' not found");
    const auto now = parts_.clock.now();
    Upserted out;
    std::optional<std::string> user;
    for (const auto& in : all) {
      if (in.user) user = in.user;
      SW_TRY(auto found, find_record(c, id, in.hash));
      if (found) {
        merge_into(*found, in, now);
        SW_CHECK_OK(update_record(c, *found));
        ++out.updated;
      } else {
        auto record = made_of(in, id, now);
        record.id = "dr-" + parts_.ids.hex32();
        SW_CHECK_OK(insert_record(c, record, in.hash));
        ++out.inserted;
      }
    }
    SW_TRY(const auto count, count_records(c, id));
    dataset->schema = schema_with(dataset->schema, all);
    if (count > 0) dataset->profile = "{\"num_records\":" + std::to_string(count) + "}";
    dataset->updated = now;
    dataset->updated_by = user;
    dataset->digest = digest_of(dataset->name, now);
    SW_CHECK_OK(update_dataset(c, *dataset));
    return out;
  });
}

Result<Page<DatasetRecord>> Datasets::records(const std::string& id,
                                              const PageRequest& page) const {
  if (page.size < 1 || page.size > kPageLimit) return invalid("invalid 'max_results'");
  SW_CHECK_OK(get(id));
  std::int64_t created = -1;
  std::string last;
  if (!page.token.empty()) {
    const auto text = from_base64(page.token).value_or("");
    const auto colon = text.find(':');
    const auto at = parse_int(text.substr(0, colon));
    if (colon == std::string::npos || !at) {
      return invalid("invalid page token '" + page.token.substr(0, 100) + "'");
    }
    created = *at;
    last = text.substr(colon + 1);
  }
  SW_TRY(auto found, parts_.db.read([&](Connection& c) {
    return records_after(c, id, created, last, limit_of(page));
  }));
  Page<DatasetRecord> out;
  if (found.size() > page.size) {
    found.pop_back();
    out.next_token = to_base64(std::to_string(found.back().created.ms) + ":" + found.back().id);
  }
  out.items = std::move(found);
  return out;
}

Result<std::int64_t> Datasets::remove_records(const std::string& id,
                                              const std::vector<std::string>& ids) {
  return parts_.db.write([&](Connection& c) -> Result<std::int64_t> {
    SW_TRY(auto dataset, find_dataset(c, id));
    if (!dataset) return not_found("evaluation dataset with id '" + id + "' not found");
    std::int64_t removed = 0;
    for (const auto& record : ids) {
      SW_TRY(const auto n,
             c.exec("DELETE FROM evaluation_record WHERE dataset_id = ? AND id = ?", {id, record}));
      removed += n;
    }
    if (removed == 0) return removed;
    SW_TRY(const auto count, count_records(c, id));
    dataset->profile =
        count > 0 ? "{\"num_records\":" + std::to_string(count) + "}" : std::string("null");
    SW_CHECK_OK(update_dataset(c, *dataset));
    return removed;
  });
}

}  // namespace slipway::evaluation
