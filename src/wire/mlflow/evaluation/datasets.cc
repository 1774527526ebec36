// SPDX-License-Identifier: Apache-2.0
// MLflow REST, evaluation datasets and their records.
#include <algorithm>

#include "domain/clauses.h"
#include "endpoint.h"
#include "evaluation/evaluation.h"
#include "evaluation/messages_evaluation.h"
#include "json/value.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using evaluation::Dataset;
using evaluation::DatasetRecord;
using evaluation::Evaluation;
using net::Request;

constexpr std::int64_t kPageLimit = 50'000;
constexpr std::int64_t kRecordsPage = 1'000;

// JSON text with a blank after each comma and colon, as MLflow's own texts have.
std::string spaced(const std::string& text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    out += c;
    if (inside && c == '\\' && i + 1 < text.size()) {
      out += text[++i];
    } else if (c == '"') {
      inside = !inside;
    } else if (!inside && (c == ',' || c == ':')) {
      out += ' ';
    }
  }
  return out;
}

// The tags of a dataset come as the text of a JSON object.
Result<std::vector<Tag>> tags_of(const std::string& text) {
  std::vector<Tag> out;
  if (text.empty()) return out;
  const auto parsed = json::parse_value(text);
  if (parsed && parsed->is_null()) return out;
  if (!parsed || !parsed->is_object()) return invalid("'tags' must be the text of a JSON object");
  for (const auto& member : parsed->get_object()) {
    if (member.value().is_null()) continue;
    out.push_back({std::string(std::string_view(member.key())),
                   member.value().is_string()
                       ? std::string(std::string_view(member.value().get_string()))
                       : json::dump_value(member.value())});
  }
  return out;
}

EvaluationDataset to_wire(const Dataset& dataset) {
  json::object tags;
  for (const auto& tag : dataset.tags) tags[tag.key] = tag.value;
  EvaluationDataset out{.dataset_id = dataset.id,
                        .name = dataset.name,
                        .tags = spaced(json::dump_value(tags)),
                        .digest = dataset.digest,
                        .created_time = dataset.created.ms,
                        .last_update_time = dataset.updated.ms,
                        .created_by = dataset.created_by,
                        .last_updated_by = dataset.updated_by};
  if (dataset.schema) out.schema = spaced(*dataset.schema);
  if (dataset.profile) out.profile = spaced(*dataset.profile);
  return out;
}

json::value parsed_or_null(const std::string& text) {
  auto parsed = json::parse_value(text);
  return parsed ? *std::move(parsed) : json::value(nullptr);
}

json::object to_json(const DatasetRecord& record) {
  json::object out;
  out["dataset_record_id"] = record.id;
  out["dataset_id"] = record.dataset;
  out["inputs"] = parsed_or_null(record.inputs);
  if (record.outputs) out["outputs"] = parsed_or_null(*record.outputs);
  if (record.expectations) out["expectations"] = parsed_or_null(*record.expectations);
  out["tags"] = parsed_or_null(record.tags);
  if (record.source) {
    const auto source = parsed_or_null(*record.source);
    const auto type = json::text_at(source, "source_type").value_or("UNSPECIFIED");
    if (const auto* data = json::find(source, "source_data")) {
      const auto id = json::text_at(*data, type == "TRACE" ? "trace_id" : "source_id");
      if (id) out["source_id"] = *id;
    }
    out["source_type"] = type;
    out["source"] = source;
  }
  out["created_time"] = record.created.ms;
  out["last_update_time"] = record.updated.ms;
  if (record.created_by) out["created_by"] = *record.created_by;
  if (record.updated_by) out["last_updated_by"] = *record.updated_by;
  return out;
}

Result<EvaluationDatasetAnswer> create(Evaluation& evaluation, const CreateEvaluationDataset& in) {
  if (in.name.empty()) return missing("name");
  SW_TRY(const auto tags, tags_of(in.tags));
  SW_TRY(const auto made, evaluation.datasets().create(in.name, tags, in.experiment_ids));
  EvaluationDatasetAnswer out{to_wire(made)};
  out.dataset.experiment_ids = in.experiment_ids;
  return out;
}

std::string id_of(const Request& request) {
  return request.param("dataset_id");
}

Result<EvaluationDatasetAnswer> get(Evaluation& evaluation, const Empty&, const Request& request) {
  SW_TRY(const auto found, evaluation.datasets().get(id_of(request)));
  return EvaluationDatasetAnswer{to_wire(found)};
}

Result<Empty> remove(Evaluation& evaluation, const Empty&, const Request& request) {
  SW_CHECK_OK(evaluation.datasets().remove(id_of(request)));
  return Empty{};
}

constexpr std::string_view kKeys[] = {"name", "created_time", "last_update_time", "created_by",
                                      "last_updated_by"};

Result<Filter> to_leaf(Clause clause) {
  Filter out{.kind = Filter::Kind::compare, .key = clause.key, .op = clause.op};
  if (clause.entity == "tag" || clause.entity == "tags") {
    out.entity = "tag";
    if (!std::holds_alternative<std::string>(clause.value)) {
      return invalid("expected a quoted text for tag '" + clause.key + "'");
    }
  } else if (!clause.entity.empty()) {
    return invalid("invalid entity type '" + clause.entity + "'", "valid are attributes and tags");
  } else if (std::find(std::begin(kKeys), std::end(kKeys), clause.key) == std::end(kKeys)) {
    return invalid("invalid attribute key '" + clause.key + "'");
  } else {
    out.entity = "attribute";
    const bool number = clause.key.ends_with("_time");
    const bool list = std::holds_alternative<std::vector<std::string>>(clause.value);
    if (number != std::holds_alternative<double>(clause.value) && !list) {
      return invalid("'" + clause.key + "' is compared with " + (number ? "numbers" : "texts"));
    }
    if (list && (clause.key != "name" || clause.op != Filter::Op::in)) {
      return invalid("only name can be compared with a list, by IN");
    }
  }
  using Op = Filter::Op;
  const bool ordered =
      clause.op == Op::lt || clause.op == Op::le || clause.op == Op::gt || clause.op == Op::ge;
  const bool likes = clause.op == Op::like || clause.op == Op::ilike;
  const bool number = std::holds_alternative<double>(clause.value);
  if ((ordered && out.entity == "tag") || (likes && number) || clause.op == Op::rlike) {
    return invalid("the comparator " + std::string(text_of(clause.op)) + " does not fit '" +
                   clause.key + "'");
  }
  out.value = std::move(clause.value);
  return out;
}

Result<PageRequest> page_of(const std::optional<std::int64_t>& size, std::int64_t standard,
                            const std::string& token) {
  const auto wanted = size.value_or(standard);
  if (wanted < 1 || wanted > kPageLimit) {
    return invalid("invalid value " + std::to_string(wanted) + " for 'max_results'",
                   "it must be from 1 to 50000");
  }
  return PageRequest{static_cast<std::size_t>(wanted), token};
}

Result<EvaluationDatasetPage> search(Evaluation& evaluation, const SearchEvaluationDatasets& in) {
  evaluation::DatasetSearch wanted{.experiments = in.experiment_ids};
  SW_TRY(wanted.page, page_of(in.max_results, kRecordsPage, in.page_token));
  SW_TRY(wanted.filter, parse_filter(in.filter_string, to_leaf));
  for (const auto& text : in.order_by) {
    SW_TRY(const auto order, parse_order(text));
    const bool known =
        order.key == "name" || order.key == "created_time" || order.key == "last_update_time";
    if (!order.entity.empty() || !known) return invalid("invalid order_by '" + text + "'");
    wanted.order.push_back({"attribute", order.key, order.ascending});
  }
  SW_TRY(const auto found, evaluation.datasets().search(wanted));
  EvaluationDatasetPage out;
  for (const auto& dataset : found.items) out.datasets.push_back(to_wire(dataset));
  if (!found.next_token.empty()) out.next_page_token = found.next_token;
  return out;
}

Result<Empty> set_tags(Evaluation& evaluation, const SetDatasetTags& in, const Request& request) {
  if (in.tags.empty()) return missing("tags");
  SW_TRY(const auto tags, tags_of(in.tags));
  SW_CHECK_OK(evaluation.datasets().set_tags(id_of(request), tags));
  return Empty{};
}

Result<Empty> delete_tag(Evaluation& evaluation, const Empty&, const Request& request) {
  SW_CHECK_OK(evaluation.datasets().remove_tag(id_of(request), request.param("key")));
  return Empty{};
}

Result<UpsertRecordsAnswer> upsert(Evaluation& evaluation, const UpsertRecords& in,
                                   const Request& request) {
  if (in.records.empty()) return missing("records");
  SW_TRY(const auto done, evaluation.datasets().upsert(id_of(request), in.records));
  return UpsertRecordsAnswer{done.inserted, done.updated};
}

Result<RecordsAnswer> records(Evaluation& evaluation, const PageWanted& in,
                              const Request& request) {
  const auto size = in.max_results == 0 ? std::optional<std::int64_t>() : in.max_results;
  SW_TRY(const auto page, page_of(size, kRecordsPage, in.page_token));
  SW_TRY(const auto found, evaluation.datasets().records(id_of(request), page));
  json::array all;
  for (const auto& record : found.items) all.push_back(to_json(record));
  RecordsAnswer out{.records = spaced(json::dump_value(json::value(std::move(all))))};
  if (!found.next_token.empty()) out.next_page_token = found.next_token;
  return out;
}

Result<DeleteRecordsAnswer> delete_records(Evaluation& evaluation, const DeleteRecords& in,
                                           const Request& request) {
  SW_TRY(const auto removed,
         evaluation.datasets().remove_records(id_of(request), in.dataset_record_ids));
  return DeleteRecordsAnswer{removed};
}

Result<ExperimentIds> experiment_ids(Evaluation& evaluation, const Empty&, const Request& request) {
  SW_TRY(auto ids, evaluation.datasets().experiments(id_of(request)));
  return ExperimentIds{std::move(ids)};
}

Result<EvaluationDatasetAnswer> add(Evaluation& evaluation, const ExperimentIds& in,
                                    const Request& request) {
  SW_TRY(const auto changed, evaluation.datasets().add_to(id_of(request), in.experiment_ids));
  return EvaluationDatasetAnswer{to_wire(changed)};
}

Result<EvaluationDatasetAnswer> take(Evaluation& evaluation, const ExperimentIds& in,
                                     const Request& request) {
  SW_TRY(const auto changed, evaluation.datasets().remove_from(id_of(request), in.experiment_ids));
  return EvaluationDatasetAnswer{to_wire(changed)};
}

}  // namespace

void add_evaluation_dataset_routes(net::Router& router, Evaluation& evaluation) {
  Endpoints at{router, evaluation, "evaluation", "3.0"};
  at.post("datasets/create", create);
  at.post("datasets/search", search);
  at.get("datasets/search", search);
  at.get("datasets/{dataset_id}", get);
  at.del("datasets/{dataset_id}", remove);
  at.patch("datasets/{dataset_id}/tags", set_tags);
  at.del("datasets/{dataset_id}/tags/{key}", delete_tag);
  at.post("datasets/{dataset_id}/records", upsert);
  at.get("datasets/{dataset_id}/records", records);
  at.del("datasets/{dataset_id}/records", delete_records);
  at.get("datasets/{dataset_id}/experiment-ids", experiment_ids);
  at.post("datasets/{dataset_id}/add-experiments", add);
  at.post("datasets/{dataset_id}/remove-experiments", take);
}

}  // namespace slipway::wire::mlflow
