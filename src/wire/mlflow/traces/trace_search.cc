// SPDX-License-Identifier: Apache-2.0
#include "traces/trace_search.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "domain/clauses.h"
#include "rules.h"
#include "traces/trace_words.h"

namespace slipway::wire::mlflow {
namespace {

using Op = Filter::Op;
using Kind = Filter::Kind;

// An attribute by MLflow's name, and by ours.
struct Attribute {
  std::string_view theirs;
  std::string_view ours;
  bool number = false;
};
constexpr Attribute kAttributes[] = {
    {"request_id", "id"},
    {"timestamp_ms", "requested", true},
    {"execution_time_ms", "duration", true},
    {"end_time_ms", "ended", true},
    {"status", "state"},
    {"client_request_id", "client_id"},
    {"experiment_id", "experiment", true},
};

// What a clause is about, after the names that stand for others.
enum class Subject { attribute, tag, metadata, span, feedback, expectation, issue };
struct Field {
  Subject subject = Subject::attribute;
  std::string key;
};

Result<Subject> subject_of(std::string_view word) {
  static constexpr std::pair<std::string_view, Subject> kWords[] = {
      {"", Subject::attribute},
      {"attribute", Subject::attribute},
      {"attributes", Subject::attribute},
      {"trace", Subject::attribute},
      {"tag", Subject::tag},
      {"tags", Subject::tag},
      {"metadata", Subject::metadata},
      {"request_metadata", Subject::metadata},
      {"span", Subject::span},
      {"feedback", Subject::feedback},
      {"expectation", Subject::expectation},
      {"issue", Subject::issue}};
  for (const auto& [theirs, subject] : kWords) {
    if (theirs == word) return subject;
  }
  return invalid("invalid entity type '" + std::string(word) + "'",
                 "valid values are attributes, trace, tags, metadata, span, feedback, expectation,"
                 " issue");
}

Result<Field> field_of(std::string_view entity, const std::string& key) {
  Field out;
  SW_TRY(out.subject, subject_of(entity));
  out.key = key;
  static constexpr std::string_view kKnown[] = {
      "request_id", "timestamp",   "timestamp_ms", "execution_time",    "execution_time_ms",
      "end_time",   "end_time_ms", "status",       "client_request_id", "name",
      "run_id",     "prompt",      "text",         "experiment_id"};
  if (out.subject == Subject::attribute &&
      std::find(std::begin(kKnown), std::end(kKnown), key) == std::end(kKnown)) {
    std::string names;
    for (const auto name : kKnown) (names += names.empty() ? "" : ", ") += name;
    return invalid("invalid attribute key '" + cut(key, 100) + "'", "valid keys are " + names);
  }
  if (out.subject == Subject::span) return out;
  // These stand for something else, whatever they are said to be of.
  const auto lower = to_lower(key);
  if (lower == "name") return Field{Subject::tag, kTraceNameTag};
  if (lower == "prompt") return Field{Subject::tag, kPromptsTag};
  if (lower == "run_id") return Field{Subject::metadata, kSourceRunKey};
  if (lower == "text") return Field{Subject::span, "content"};
  if (lower == "timestamp" || lower == "execution_time" || lower == "end_time") {
    out.key = lower + "_ms";
  }
  return out;
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

Error bad_comparator(const Clause& clause) {
  return invalid("invalid comparator '" + std::string(text_of(clause.op)) + "' for '" +
                 cut(clause.key, 100) + "'");
}

Result<void> check_text(const Clause& clause, bool lists, bool nulls) {
  if (is_order_op(clause.op) || (is_list_op(clause.op) && !lists) ||
      (is_null_op(clause.op) && !nulls)) {
    return bad_comparator(clause);
  }
  if (std::holds_alternative<double>(clause.value)) {
    return invalid("expected a quoted text for '" + cut(clause.key, 100) + "'",
                   "put the value in single quotes");
  }
  return {};
}

Filter leaf(std::string_view entity, std::string_view key, Op op, Filter::Value value) {
  return {.kind = Kind::compare,
          .parts = {},
          .entity = std::string(entity),
          .key = std::string(key),
          .op = op,
          .value = std::move(value)};
}

Result<Filter> attribute_filter(const Field& field, Clause clause) {
  for (const auto& attribute : kAttributes) {
    if (attribute.theirs != field.key) continue;
    if (attribute.number) {
      if (clause.op != Op::eq && clause.op != Op::ne && !is_order_op(clause.op)) {
        return bad_comparator(clause);
      }
      if (!std::holds_alternative<double>(clause.value)) {
        return invalid("expected a numeric value for '" + field.key + "'");
      }
    } else {
      SW_CHECK_OK(check_text(clause, true, false));
    }
    return leaf("attribute", attribute.ours, clause.op, std::move(clause.value));
  }
  return invalid("invalid attribute key '" + cut(field.key, 100) + "'");
}

Result<Filter> prompt_filter(const Clause& clause) {
  const auto* text = std::get_if<std::string>(&clause.value);
  if (clause.op != Op::eq || text == nullptr) {
    return invalid("invalid comparator '" + std::string(text_of(clause.op)) + "' for prompts",
                   "only = is supported, with prompt = \"name/version\"");
  }
  if (std::count(text->begin(), text->end(), '/') != 1) {
    return invalid("invalid prompts filter value '" + cut(*text, 200) + "'",
                   "write prompt = \"name/version\"");
  }
  return leaf("link", "prompt", Op::eq, *text);
}

Result<Filter> tag_filter(const Field& field, Clause clause) {
  if (field.key == kPromptsTag) return prompt_filter(clause);
  const bool name = field.key == kTraceNameTag;
  SW_CHECK_OK(check_text(clause, name, true));
  if (name) return leaf("attribute", "name", clause.op, std::move(clause.value));
  if (field.key == kPlaceTag) {
    if (is_null_op(clause.op)) return leaf("attribute", "place", clause.op, {});
    const auto* text = std::get_if<std::string>(&clause.value);
    const bool here = text != nullptr && *text == kSpansAreHere;
    return leaf("attribute", "place", clause.op, std::string(here ? "here" : "elsewhere"));
  }
  return leaf("tag", field.key, clause.op, std::move(clause.value));
}

// Token counts and costs are kept as numbers: the whole of them equals a text, or is there at all.
Result<Filter> counts_filter(const Field& field, const Clause& clause) {
  const bool usage = field.key == kUsageKey;
  const std::string entity = usage ? "usage" : "cost";
  static constexpr std::pair<const char*, const char*> kUsage[] = {
      {"input_tokens", "input"},
      {"output_tokens", "output"},
      {"total_tokens", "total"},
      {"cache_read_input_tokens", "cache_read"},
      {"cache_creation_input_tokens", "cache_write"},
      {"cache_creation_input_tokens_above_1hr", "cache_write_1h"}};
  static constexpr std::pair<const char*, const char*> kCost[] = {
      {"input_cost", "input"}, {"output_cost", "output"}, {"total_cost", "total"}};
  const auto names = usage ? std::vector(std::begin(kUsage), std::end(kUsage))
                           : std::vector(std::begin(kCost), std::end(kCost));
  Filter present{.kind = Kind::any_of};
  for (const auto& name : names) {
    present.parts.push_back(leaf(entity, name.second, Op::is_not_null, {}));
  }
  if (clause.op == Op::is_not_null) return present;
  if (clause.op == Op::is_null) return Filter{.kind = Kind::none_of, .parts = {present}};
  if (clause.op != Op::eq && clause.op != Op::ne) return bad_comparator(clause);

  tracing::Trace wanted;
  const auto* text = std::get_if<std::string>(&clause.value);
  if (text == nullptr) return bad_comparator(clause);
  if (usage) {
    wanted.usage = usage_of(*text);
  } else {
    wanted.cost = cost_of(*text);
  }
  const auto shown = metadata_of(wanted);
  const auto at = shown.find(field.key);
  Filter equal;
  if (at == shown.end() || at->second != *text) {
    equal.kind = Kind::any_of;  // no trace shows this text
  } else {
    const std::optional<double> numbers[] = {wanted.cost.input, wanted.cost.output,
                                             wanted.cost.total};
    const std::optional<std::int64_t> counts[] = {
        wanted.usage.input,      wanted.usage.output,      wanted.usage.total,
        wanted.usage.cache_read, wanted.usage.cache_write, wanted.usage.cache_write_1h};
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::optional<double> number =
          usage ? (counts[i] ? std::optional(static_cast<double>(*counts[i])) : std::nullopt)
                : numbers[i];
      equal.parts.push_back(number ? leaf(entity, names[i].second, Op::eq, *number)
                                   : leaf(entity, names[i].second, Op::is_null, {}));
    }
  }
  if (clause.op == Op::eq) return equal;
  return Filter{.kind = Kind::all_of,
                .parts = {present, Filter{.kind = Kind::none_of, .parts = {equal}}}};
}

Result<Filter> metadata_filter(const Field& field, Clause clause) {
  const bool run = field.key == kSourceRunKey;
  SW_CHECK_OK(check_text(clause, run, true));
  if (field.key == kSessionKey) {
    return leaf("attribute", "session", clause.op, std::move(clause.value));
  }
  if (field.key == kUsageKey || field.key == kCostKey) return counts_filter(field, clause);
  if (run && (clause.op == Op::eq || clause.op == Op::in)) {
    // Made in the run, or linked to it afterwards.
    Filter out{.kind = Kind::any_of};
    auto ids = std::holds_alternative<std::string>(clause.value)
                   ? std::vector{std::get<std::string>(clause.value)}
                   : std::get<std::vector<std::string>>(clause.value);
    for (auto& id : ids) out.parts.push_back(leaf("link", "run", Op::eq, std::move(id)));
    out.parts.push_back(leaf("metadata", field.key, clause.op, std::move(clause.value)));
    return out;
  }
  return leaf("metadata", field.key, clause.op, std::move(clause.value));
}

// A text for a regular expression.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// The form in which a text stands inside of a JSON text.
std::string inside_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

// An attribute's value, as it stands in the body of a span: JSON inside a JSON text.
Result<Filter> span_attribute(const std::string& name, Clause clause) {
  if (name.empty()) return invalid("the name of a span's attribute is empty");
  const std::string key = "\"" + inside_json(name) + "\"";
  if (clause.op == Op::like || clause.op == Op::ilike) {
    return leaf("span", "body", clause.op, "%" + key + std::get<std::string>(clause.value) + "%");
  }
  std::string pattern = quoted(key) + ": ";
  if (clause.op == Op::rlike) {
    auto value = std::get<std::string>(clause.value);
    const bool from_start = value.starts_with('^');
    const bool to_end = value.ends_with('$');
    if (from_start) value.erase(0, 1);
    if (to_end) value.pop_back();
    pattern += from_start ? "\"\\\\\"" : "\"\\\\\".*";
    pattern += value;
    if (to_end) pattern += "\\\\\"";
    return leaf("span", "body", Op::rlike, std::move(pattern));
  }
  const auto values = std::holds_alternative<std::string>(clause.value)
                          ? std::vector{std::get<std::string>(clause.value)}
                          : std::get<std::vector<std::string>>(clause.value);
  pattern += "\"(?:";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) pattern += '|';
    std::string json;
    append_json_string(json, values[i]);
    pattern += quoted(inside_json(json)) + "|" + quoted(inside_json(values[i]));
  }
  pattern += ")\"";
  auto equal = leaf("span", "body", Op::rlike, std::move(pattern));
  if (clause.op == Op::eq || clause.op == Op::in) return equal;
  return Filter{.kind = Kind::none_of, .parts = {std::move(equal)}};
}

Result<Filter> span_filter(const Field& field, Clause clause) {
  SW_CHECK_OK(check_text(clause, true, false));
  if (field.key.starts_with("attributes.")) {
    return span_attribute(field.key.substr(11), std::move(clause));
  }
  if (field.key == "content") {
    if (clause.op != Op::like && clause.op != Op::ilike) return bad_comparator(clause);
    return leaf("span", "body", clause.op, std::move(clause.value));
  }
  if (field.key != "name" && field.key != "type" && field.key != "status") {
    return invalid("invalid span attribute '" + cut(field.key, 100) + "'",
                   "name, status, type, content and attributes.<name> are supported");
  }
  return leaf("span", field.key, clause.op, std::move(clause.value));
}

Result<Filter> assessment_filter(std::string_view entity, const Field& field, Clause clause) {
  if (is_list_op(clause.op)) return bad_comparator(clause);
  const bool number = std::holds_alternative<double>(clause.value);
  if (!is_null_op(clause.op) && number != is_order_op(clause.op)) {
    return invalid(std::string(number ? "expected a quoted text for " : "expected a number for ") +
                   std::string(entity) + "." + cut(field.key, 100) + " " +
                   std::string(text_of(clause.op)));
  }
  return leaf(entity, field.key, clause.op, std::move(clause.value));
}

Result<Filter> trace_leaf(Clause clause) {
  SW_TRY(const auto field, field_of(clause.entity, clause.key));
  switch (field.subject) {
    case Subject::attribute:
      return attribute_filter(field, std::move(clause));
    case Subject::tag:
      return tag_filter(field, std::move(clause));
    case Subject::metadata:
      return metadata_filter(field, std::move(clause));
    case Subject::span:
      return span_filter(field, std::move(clause));
    case Subject::feedback:
      return assessment_filter("feedback", field, std::move(clause));
    case Subject::expectation:
      return assessment_filter("expectation", field, std::move(clause));
    case Subject::issue:
      if (field.key != "id")
        return invalid("invalid issue attribute '" + cut(field.key, 100) + "'");
      if (clause.op != Op::eq || !std::holds_alternative<std::string>(clause.value)) {
        return bad_comparator(clause);
      }
      return leaf("issue", "id", Op::eq, std::move(clause.value));
  }
  return invalid("invalid entity type");
}

Result<Filter> figures_leaf(Clause clause) {
  if (clause.op != Op::eq) return invalid("invalid comparator, only = is supported");
  if (!std::holds_alternative<std::string>(clause.value)) {
    return invalid("expected a quoted text for '" + cut(clause.key, 100) + "'");
  }
  const auto& entity = clause.entity;
  const auto& key = clause.key;
  if (entity == "trace") {
    if (key == "status") return leaf("attribute", "state", Op::eq, std::move(clause.value));
    for (const auto& [start, subject] :
         {std::pair{"tag.", Subject::tag}, std::pair{"metadata.", Subject::metadata}}) {
      const std::size_t size = std::string_view(start).size();
      if (!key.starts_with(start) || key.size() == size) continue;
      Field field{subject, key.substr(size)};
      return subject == Subject::tag ? tag_filter(field, std::move(clause))
                                     : metadata_filter(field, std::move(clause));
    }
  }
  if (entity == "span" && (key == "name" || key == "status" || key == "type")) {
    return leaf("span", key, Op::eq, std::move(clause.value));
  }
  if (entity == "assessment" && (key == "name" || key == "type")) {
    return leaf("assessment", key == "name" ? "name" : "kind", Op::eq, std::move(clause.value));
  }
  return invalid("invalid filter '" + cut(entity + "." + key, 200) + "'",
                 "trace.status, trace.tag.<key>, trace.metadata.<key>, span.name, span.status,"
                 " span.type, assessment.name and assessment.type can be compared");
}

}  // namespace

Result<Filter> traces_filter(std::string_view text) {
  return parse_filter(text, trace_leaf);
}

Result<std::vector<OrderBy>> traces_order(const std::vector<std::string>& order_by) {
  std::vector<OrderBy> out;
  for (const auto& text : order_by) {
    SW_TRY(const auto order, parse_order(text));
    SW_TRY(const auto field, field_of(order.entity, order.key));
    OrderBy by{"", "", order.ascending};
    if (field.subject == Subject::attribute) {
      by.entity = "attribute";
      for (const auto& attribute : kAttributes) {
        if (attribute.theirs == field.key) by.key = attribute.ours;
      }
    } else if (field.subject == Subject::tag && field.key != kPromptsTag) {
      const bool name = field.key == kTraceNameTag;
      by.entity = name ? "attribute" : "tag";
      by.key = name ? "name" : field.key;
    } else if (field.subject == Subject::metadata && field.key != kUsageKey &&
               field.key != kCostKey) {
      const bool session = field.key == kSessionKey;
      by.entity = session ? "attribute" : "metadata";
      by.key = session ? "session" : field.key;
    }
    if (by.key.empty()) return invalid("traces cannot be ordered by '" + cut(text, 200) + "'");
    out.push_back(std::move(by));
  }
  return out;
}

Result<std::size_t> traces_page(const std::optional<std::int64_t>& max_results) {
  const auto size = max_results.value_or(100);
  if (size < 1 || size > 500) {
    return invalid("invalid value " + std::to_string(size) + " for parameter 'max_results'",
                   "1 to 500");
  }
  return static_cast<std::size_t>(size);
}

Result<Filter> figures_filter(std::string_view text) {
  SW_TRY(auto out, parse_filter(text, figures_leaf));
  const bool joined = out.kind != Kind::compare && out.kind != Kind::any_of;
  if (text.empty() || (joined && out.parts.size() != 1)) {
    return invalid("invalid filter '" + cut(text, 200) + "'", "one clause is expected");
  }
  return out;
}

}  // namespace slipway::wire::mlflow
