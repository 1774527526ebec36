// SPDX-License-Identifier: Apache-2.0
#include "searches.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "domain/clauses.h"
#include "uris.h"

namespace slipway::wire::mlflow {
namespace {

using Op = Filter::Op;
using tracking::SearchOrder;

// An attribute by MLflow's name, and by ours.
struct Attribute {
  std::string_view theirs;
  std::string_view ours;
  bool number = false;
  bool lists = false;  // supports IN
};

constexpr Attribute kRun[] = {
    {"run_id", "id", false, true},
    {"run_name", "name"},
    {"run name", "name"},
    {"Run name", "name"},
    {"Run Name", "name"},
    {"status", "status"},
    {"artifact_uri", "artifact_root"},
    {"user_id", "user"},
    {"start_time", "started", true},
    {"created", "started", true},
    {"Created", "started", true},
    {"end_time", "ended", true},
};
// Without the names that only a filter may use.
constexpr Attribute kRunOrder[] = {
    {"run_id", "id"},
    {"run_name", "name"},
    {"status", "status"},
    {"artifact_uri", "artifact_root"},
    {"user_id", "user"},
    {"start_time", "started", true},
    {"created", "started", true},
    {"Created", "started", true},
    {"end_time", "ended", true},
};
constexpr Attribute kExperiment[] = {
    {"name", "name"},
    {"experiment_id", "id", false, true},
    {"creation_time", "created", true},
    {"last_update_time", "updated", true},
};
constexpr Attribute kLoggedModel[] = {
    {"model_id", "id", false, true},
    {"name", "name", false, true},
    {"model_type", "type", false, true},
    {"status", "status", false, true},
    {"source_run_id", "source_run", false, true},
    {"experiment_id", "experiment", false, true},
    {"artifact_uri", "artifact_root", false, true},
    {"artifact_location", "artifact_root", false, true},
    {"creation_timestamp", "created", true},
    {"creation_time", "created", true},
    {"creation_timestamp_ms", "created", true},
    {"last_updated_timestamp", "updated", true},
    {"last_updated_timestamp_ms", "updated", true},
};

template <std::size_t N>
Result<Attribute> attribute_of(const Attribute (&known)[N], std::string_view key) {
  std::string names;
  for (const auto& attribute : known) {
    if (attribute.theirs == key) return attribute;
    (names += names.empty() ? "" : ", ") += attribute.theirs;
  }
  return invalid("invalid attribute key '" + std::string(key) + "'", "valid keys are " + names);
}

// MLflow's word for an entity, singular or plural, as ours; empty when it is none of them.
std::string_view entity_of(std::string_view word) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"", "attribute"},      {"attribute", "attribute"}, {"attributes", "attribute"},
      {"attr", "attribute"},  {"run", "attribute"},       {"metric", "metric"},
      {"metrics", "metric"},  {"param", "param"},         {"params", "param"},
      {"parameter", "param"}, {"parameters", "param"},    {"tag", "tag"},
      {"tags", "tag"},        {"dataset", "dataset"},     {"datasets", "dataset"}};
  for (const auto& [theirs, ours] : kWords) {
    if (theirs == word) return ours;
  }
  return {};
}

Error bad_entity(std::string_view word, std::string_view valid) {
  return invalid("invalid entity type '" + std::string(word) + "'",
                 "valid values are " + std::string(valid));
}

Error bad_comparator(const Clause& clause, std::string_view hint = {}) {
  return invalid(
      "invalid comparator '" + std::string(text_of(clause.op)) + "' for '" + clause.key + "'",
      std::string(hint));
}

bool is_order_op(Op op) {
  return op == Op::lt || op == Op::le || op == Op::gt || op == Op::ge;
}
bool is_list_op(Op op) {
  return op == Op::in || op == Op::not_in;
}
bool is_null_op(Op op) {
  return op == Op::is_null || op == Op::is_not_null;
}

Result<void> check_number(const Clause& clause) {
  if (clause.op != Op::eq && clause.op != Op::ne && !is_order_op(clause.op)) {
    return bad_comparator(clause);
  }
  if (!std::holds_alternative<double>(clause.value)) {
    return invalid("expected a numeric value for '" + clause.key + "'");
  }
  return {};
}

Result<void> check_text(const Clause& clause, bool lists, bool nulls) {
  if (is_order_op(clause.op) || clause.op == Op::rlike || (is_list_op(clause.op) && !lists) ||
      (is_null_op(clause.op) && !nulls)) {
    return bad_comparator(clause);
  }
  if (std::holds_alternative<double>(clause.value)) {
    return invalid("expected a quoted text for '" + clause.key + "'",
                   "put the value in single quotes");
  }
  return {};
}

Filter leaf(std::string_view entity, std::string key, Clause clause) {
  return {.kind = Filter::Kind::compare,
          .parts = {},
          .entity = std::string(entity),
          .key = std::move(key),
          .op = clause.op,
          .value = std::move(clause.value)};
}

template <class Change>
void change_texts(Filter::Value& value, const Change& change) {
  if (auto* text = std::get_if<std::string>(&value)) *text = change(*text);
  if (auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (auto& text : *list) text = change(text);
  }
}

// Our states are in lower case, MLflow's in upper case; what is neither must go on matching
// nothing.
std::string status_of(const std::string& text) {
  const bool upper =
      std::none_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return upper ? to_lower(text) : "\x01" + text;
}

Filter attribute_leaf(const Attribute& attribute, Clause clause) {
  if (attribute.ours == "status") {
    const bool any_case = clause.op == Op::ilike;
    change_texts(clause.value, [&](const std::string& text) {
      const auto name = text.starts_with("LOGGED_MODEL_") ? text.substr(13) : text;
      return any_case ? to_lower(name) : status_of(name);
    });
  }
  if (attribute.ours == "artifact_root") change_texts(clause.value, root_of_uri);
  return leaf("attribute", std::string(attribute.ours), std::move(clause));
}

Result<Filter> run_leaf(Clause clause) {
  const auto entity = entity_of(clause.entity);
  if (entity.empty()) {
    return bad_entity(clause.entity, "metric, parameter, tag, attribute, dataset");
  }
  if (entity == "attribute") {
    SW_TRY(const auto attribute, attribute_of(kRun, clause.key));
    SW_CHECK_OK(attribute.number ? check_number(clause)
                                 : check_text(clause, attribute.lists, false));
    return attribute_leaf(attribute, std::move(clause));
  }
  if (entity == "metric") {
    SW_CHECK_OK(check_number(clause));
  } else if (entity == "dataset") {
    if (clause.key != "name" && clause.key != "digest" && clause.key != "context") {
      return invalid("invalid dataset key '" + clause.key + "'",
                     "valid keys are name, digest, context");
    }
    SW_CHECK_OK(check_text(clause, true, false));
  } else {
    SW_CHECK_OK(check_text(clause, false, true));
    // The name of a run is a tag in MLflow as well.
    if (entity == "tag" && clause.key == kRunNameTag && !is_null_op(clause.op)) {
      return leaf("attribute", "name", std::move(clause));
    }
  }
  auto key = clause.key;
  return leaf(entity, std::move(key), std::move(clause));
}

Result<Filter> experiment_leaf(Clause clause) {
  const auto entity = entity_of(clause.entity);
  const bool known = clause.entity.empty() || clause.entity == "attribute" ||
                     clause.entity == "tag" || clause.entity == "tags";
  if (!known) return bad_entity(clause.entity, "attribute, tag, tags");
  // Alone among the searches this one wants its comparators in capitals.
  if (!clause.upper && (clause.op == Op::like || clause.op == Op::ilike || clause.op == Op::in)) {
    return bad_comparator(clause, "write it in capitals");
  }
  if (entity == "tag") {
    SW_CHECK_OK(check_text(clause, false, true));
    auto key = clause.key;
    return leaf(entity, std::move(key), std::move(clause));
  }
  SW_TRY(const auto attribute, attribute_of(kExperiment, clause.key));
  if (attribute.number) {
    SW_CHECK_OK(check_number(clause));
    if (!clause.integer) return invalid("expected an integer for '" + clause.key + "'");
    return attribute_leaf(attribute, std::move(clause));
  }
  SW_CHECK_OK(check_text(clause, attribute.lists, false));
  if (attribute.ours == "id") {
    if (clause.op == Op::like || clause.op == Op::ilike) return bad_comparator(clause);
    bool numbers = true;
    change_texts(clause.value, [&](const std::string& text) {
      const auto number = parse_int(text);
      numbers = numbers && number;
      return number ? std::to_string(*number) : text;
    });
    if (!numbers) return invalid("invalid experiment id", "it must be a valid integer");
  }
  return attribute_leaf(attribute, std::move(clause));
}

Result<Filter> logged_model_leaf(Clause clause) {
  const auto& word = clause.entity;
  if (word == "metrics") {
    SW_CHECK_OK(check_number(clause));
  } else if (word == "params" || word == "tags") {
    SW_CHECK_OK(check_text(clause, true, false));
  } else if (word.empty() || word == "attributes") {
    SW_TRY(const auto attribute, attribute_of(kLoggedModel, clause.key));
    SW_CHECK_OK(attribute.number ? check_number(clause) : check_text(clause, true, false));
    return attribute_leaf(attribute, std::move(clause));
  } else {
    return bad_entity(word, "attributes, metrics, params, tags");
  }
  const auto entity = entity_of(word);
  auto key = clause.key;
  return leaf(entity, std::move(key), std::move(clause));
}

}  // namespace

Result<Filter> runs_filter(std::string_view text) {
  return parse_filter(text, run_leaf);
}

Result<Filter> experiments_filter(std::string_view text) {
  return parse_filter(text, experiment_leaf);
}

Result<Filter> logged_models_filter(std::string_view text) {
  return parse_filter(text, logged_model_leaf);
}

Result<std::vector<SearchOrder>> runs_order(const std::vector<std::string>& order_by) {
  std::vector<SearchOrder> out;
  for (const auto& text : order_by) {
    SW_TRY(auto order, parse_order(text));
    const auto entity = entity_of(order.entity);
    if (entity.empty() || entity == "dataset") {
      return bad_entity(order.entity, "metric, parameter, tag, attribute");
    }
    std::string key = order.key;
    if (entity == "attribute") {
      SW_TRY(const auto attribute, attribute_of(kRunOrder, key));
      key = attribute.ours;
    }
    const bool name = entity == "tag" && key == kRunNameTag;
    out.push_back(
        {{std::string(name ? "attribute" : entity), name ? "name" : key, order.ascending}, {}, {}});
  }
  return out;
}

Result<std::vector<SearchOrder>> experiments_order(const std::vector<std::string>& order_by) {
  std::vector<SearchOrder> out;
  for (const auto& text : order_by) {
    SW_TRY(auto order, parse_order(text));
    if (!order.entity.empty() && order.entity != "attribute") {
      return bad_entity(order.entity, "attribute");
    }
    SW_TRY(const auto attribute, attribute_of(kExperiment, order.key));
    out.push_back({{"attribute", std::string(attribute.ours), order.ascending}, {}, {}});
  }
  return out;
}

Result<SearchOrder> logged_models_order(std::string_view field, bool ascending) {
  if (field.starts_with("metrics.") && field.size() > 8) {
    return SearchOrder{{"metric", std::string(field.substr(8)), ascending}, {}, {}};
  }
  SW_TRY(const auto attribute, attribute_of(kLoggedModel, field));
  return SearchOrder{{"attribute", std::string(attribute.ours), ascending}, {}, {}};
}

}  // namespace slipway::wire::mlflow
