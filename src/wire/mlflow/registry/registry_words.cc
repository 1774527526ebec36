// SPDX-License-Identifier: Apache-2.0
#include "registry/registry_words.h"

#include <algorithm>

#include "base/text.h"
#include "domain/clauses.h"
#include "errors.h"

namespace slipway::wire::mlflow {
namespace {

using Op = Filter::Op;

constexpr std::string_view kVersionKeys[] = {"name", "version_number", "run_id", "source_path"};
constexpr std::string_view kModelOrders[] = {"name", "timestamp", "last_updated_timestamp"};
constexpr std::string_view kVersionOrders[] = {"name", "version_number", "creation_timestamp",
                                               "last_updated_timestamp"};

template <std::size_t N>
bool has(const std::string_view (&keys)[N], std::string_view key) {
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

Filter leaf(std::string entity, Clause clause) {
  return {.kind = Filter::Kind::compare,
          .parts = {},
          .entity = std::move(entity),
          .key = std::move(clause.key),
          .op = clause.op,
          .value = std::move(clause.value)};
}

constexpr std::string_view kAboutPrompts = "about prompts";  // a leaf, until the tree is known

Result<Filter> to_leaf(Clause clause, bool versions) {
  if (clause.entity == "tag" || clause.entity == "tags") {
    if (!std::holds_alternative<std::string>(clause.value)) {
      return invalid("expected a quoted text for tag '" + clause.key + "'",
                     "put the value in single quotes");
    }
    const bool about_prompts = clause.key == kIsPrompt;
    auto out = leaf("tag", std::move(clause));
    if (about_prompts) out.entity = kAboutPrompts;
    return out;
  }
  if (!clause.entity.empty() && clause.entity != "attribute") {
    return invalid("invalid entity type '" + clause.entity + "'",
                   "valid values are attribute, tag, tags");
  }
  if (versions ? !has(kVersionKeys, clause.key) : clause.key != "name") {
    return invalid("invalid attribute key '" + clause.key + "' specified",
                   versions ? "valid keys are name, version_number, run_id, source_path"
                            : "the valid key is name");
  }
  if (const auto* text = std::get_if<std::string>(&clause.value);
      text != nullptr && clause.key == "version_number") {
    if (const auto number = parse_int(*text)) clause.value = static_cast<double>(*number);
  }
  const bool lists = clause.key == "name" || clause.key == "run_id";
  if ((clause.op == Op::in || clause.op == Op::not_in) && !lists) {
    return invalid("only name and run_id can be compared with a list, not '" + clause.key + "'");
  }
  return leaf("attribute", std::move(clause));
}

// Does this leaf ask for prompts, or for what is none?
bool asks_for_prompts(const Filter& leaf) {
  const auto* text = std::get_if<std::string>(&leaf.value);
  if (text == nullptr) return false;
  return (leaf.op == Op::eq && equal_ignoring_case(*text, "true")) ||
         (leaf.op == Op::ne && equal_ignoring_case(*text, "false"));
}

bool is_about_prompts(const Filter& filter) {
  return filter.kind == Filter::Kind::compare && filter.entity == kAboutPrompts;
}

Filter no_prompts() {
  Filter out{.kind = Filter::Kind::none_of};
  out.parts.push_back({.kind = Filter::Kind::compare,
                       .parts = {},
                       .entity = "tag",
                       .key = std::string(kIsPrompt),
                       .op = Op::eq,
                       .value = std::string("true")});
  return out;
}

// Within OR, NOT and parentheses each leaf means what it says. Answers whether there was one.
bool settle_prompts(Filter& filter) {
  if (is_about_prompts(filter)) {
    filter.entity = "tag";
    if (!asks_for_prompts(filter)) filter = no_prompts();
    return true;
  }
  bool any = false;
  for (auto& part : filter.parts) any = settle_prompts(part) || any;
  return any;
}

// Models are searched without prompts unless the filter asks for those. In a plain list of clauses
// the first one about prompts decides, as the original has it.
Result<Filter> to_filter(std::string_view given, bool versions) {
  const auto text = trim(given);  // a blank filter is none here
  SW_TRY(auto parsed, parse_filter(text, [versions](Clause clause) {
           return to_leaf(std::move(clause), versions);
         }));
  Filter out;
  const auto is_leaf = [](const Filter& f) { return f.kind == Filter::Kind::compare; };
  if (is_leaf(parsed)) {
    out.parts.push_back(std::move(parsed));
  } else if (parsed.kind == Filter::Kind::all_of) {
    out = std::move(parsed);
  } else {
    out.parts.push_back(std::move(parsed));
  }
  if (std::all_of(out.parts.begin(), out.parts.end(), is_leaf)) {
    const auto first = std::find_if(out.parts.begin(), out.parts.end(), is_about_prompts);
    if (first != out.parts.end() && asks_for_prompts(*first)) {
      for (auto& part : out.parts) {
        if (is_about_prompts(part)) part.entity = "tag";
      }
      return out;
    }
    std::erase_if(out.parts, is_about_prompts);
    out.parts.push_back(no_prompts());
    return out;
  }
  if (!settle_prompts(out)) out.parts.push_back(no_prompts());
  return out;
}

}  // namespace

ModelVersion to_wire(const registry::Version& version) {
  return {.name = version.model,
          .version = std::to_string(version.version),
          .creation_timestamp = version.created.ms,
          .last_updated_timestamp = version.updated.ms,
          .description = version.description,
          .current_stage = std::string(name_of(version.stage)),
          .source = version.source,
          .run_id = version.run_id,
          .run_link = version.run_link,
          .tags = to_wire(version.tags),
          .aliases = version.aliases};
}

RegisteredModel to_wire(const registry::Model& model) {
  RegisteredModel out{.name = model.name,
                      .creation_timestamp = model.created.ms,
                      .last_updated_timestamp = model.updated.ms,
                      .tags = to_wire(model.tags)};
  if (!model.description.empty()) out.description = model.description;
  for (const auto& version : model.latest) out.latest_versions.push_back(to_wire(version));
  for (const auto& alias : model.aliases) {
    out.aliases.push_back({alias.alias, std::to_string(alias.version)});
  }
  return out;
}

Result<void> require(std::initializer_list<Required> fields) {
  for (const auto& [field, value] : fields) {
    if (value.empty()) return missing(field);
  }
  return {};
}

Result<registry::VersionRef> ref_of(const std::string& name, const std::string& version) {
  const auto number = parse_int(version);
  if (!number) {
    return invalid("parameter 'version' must be an integer, got '" + version + "'");
  }
  return registry::VersionRef{name, *number};
}

registry::By by(const net::Request& request) {
  return {.actor = request.principal, .reason = {}};
}

bool is_prompt(const std::vector<KeyValue>& tags) {
  return std::any_of(tags.begin(), tags.end(), [](const KeyValue& tag) {
    return tag.key == kIsPrompt && equal_ignoring_case(tag.value, "true");
  });
}

Result<registry::Search> to_search(const RegistrySearch& in, const SearchBounds& bounds) {
  const auto size = in.max_results.value_or(bounds.page_default);
  if (size > bounds.page_limit) {
    return invalid("invalid value " + std::to_string(size) + " for parameter 'max_results'",
                   "it must be at most " + std::to_string(bounds.page_limit));
  }
  registry::Search out;
  out.page = {.size = static_cast<std::size_t>(std::max<std::int64_t>(size, 0)),
              .token = in.page_token};
  SW_TRY(out.filter, to_filter(in.filter, bounds.versions));
  for (const auto& text : in.order_by) {
    SW_TRY(const auto order, parse_order(text));
    if (!order.entity.empty()) {
      return invalid("invalid order_by key '" + order.entity + "." + order.key + "' specified",
                     "keys stand by themselves");
    }
    const bool known =
        bounds.versions ? has(kVersionOrders, order.key) : has(kModelOrders, order.key);
    if (!known) {
      return invalid("invalid order_by key '" + order.key + "' specified",
                     bounds.versions ? "valid keys are name, version_number, creation_timestamp, "
                                       "last_updated_timestamp"
                                     : "valid keys are name, timestamp, last_updated_timestamp");
    }
    const auto key = order.key == "timestamp" ? std::string("last_updated_timestamp") : order.key;
    out.order.push_back({"attribute", key, order.ascending});
  }
  return out;
}

}  // namespace slipway::wire::mlflow
