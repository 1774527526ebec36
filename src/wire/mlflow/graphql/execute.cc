// SPDX-License-Identifier: Apache-2.0
#include "graphql/execute.h"

#include <set>

#include "base/text.h"

namespace slipway::wire::mlflow::graphql {
namespace {

// "creationTime" -> "creation_time": REST's spelling.
std::string snake(std::string_view camel) {
  std::string out;
  for (const char c : camel) {
    if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
}

json::value whole_of(const json::value* found) {
  if (found == nullptr || found->is_null()) return json::value("0");
  if (found->is_string()) return *found;
  return json::value(json::dump_value(*found));
}

json::value number_of(const json::value* found) {
  if (found == nullptr) return json::value(0.0);
  if (found->is_number()) return *found;
  return json::value(nullptr);  // NaN
}

class Execution {
 public:
  Execution(const Document& document, const Operation& operation, const json::object& variables,
            const Fetch& fetch)
      : document_(document), operation_(operation), given_(variables), fetch_(fetch) {}

  Answer run() {
    Answer out;
    json::object data;
    for (const auto& [key, selections] : merged({&operation_.selections})) {
      const auto& first = *selections.front();
      if (first.name == "__typename") {
        data[key] = operation_.kind == "mutation" ? "Mutation" : "Query";
        continue;
      }
      data[key] = nullptr;
      const auto* root = find_root(first.name);
      const auto* type = root == nullptr ? nullptr : find_type(root->type);
      if (type == nullptr) continue;
      auto answer = fetch_(*root, input_of(first));
      if (answer) {
        data[key] = project(*answer, *type, selections);
      } else {
        errors_.push_back(answer.error().message);
      }
    }
    out.data = std::move(data);
    out.errors = std::move(errors_);
    return out;
  }

 private:
  using Selections = std::vector<const Selection*>;
  using Level = std::vector<std::pair<std::string, Selections>>;

  // What a value stands for; nothing for a variable that was not given.
  std::optional<json::value> resolve(const Value& value) const {
    switch (value.kind) {
      case Value::Kind::scalar:
        return value.scalar;
      case Value::Kind::variable:
        return variable(value.name);
      case Value::Kind::list: {
        json::array out;
        for (const auto& [unused, item] : value.items) {
          out.push_back(resolve(item).value_or(json::value(nullptr)));
        }
        return out;
      }
      case Value::Kind::object: {
        json::object out;
        for (const auto& [name, item] : value.items) {
          if (auto resolved = resolve(item)) out[name] = *std::move(resolved);
        }
        return out;
      }
    }
    return std::nullopt;
  }

  std::optional<json::value> variable(const std::string& name) const {
    if (const auto* given = given_.if_contains(name)) return *given;
    for (const auto& [known, standard] : operation_.variables) {
      if (known == name && standard && standard->kind != Value::Kind::variable) {
        return resolve(*standard);
      }
    }
    return std::nullopt;
  }

  json::object input_of(const Selection& selection) const {
    for (const auto& [name, value] : selection.arguments) {
      auto resolved = name == "input" ? resolve(value) : std::nullopt;
      if (resolved && resolved->is_object()) return std::move(resolved->get_object());
    }
    return {};
  }

  bool skipped(const Selection& selection) const {
    for (const auto& directive : selection.directives) {
      if (directive.name != "skip" && directive.name != "include") continue;
      for (const auto& [name, value] : directive.arguments) {
        const auto condition = resolve(value);
        const bool holds = condition && condition->is_bool() && condition->get_bool();
        if (name == "if" && holds == (directive.name == "skip")) return true;
      }
    }
    return false;
  }

  // The fields of one level by the key of their answer; the same key twice is asked once.
  Level merged(const std::vector<const std::vector<Selection>*>& sets) const {
    Level out;
    std::set<std::string> seen;
    for (const auto* set : sets) collect(*set, seen, out);
    return out;
  }

  void collect(const std::vector<Selection>& selections, std::set<std::string>& seen,
               Level& out) const {
    for (const auto& selection : selections) {
      if (skipped(selection)) continue;
      if (selection.kind == Selection::Kind::inline_fragment) {
        collect(selection.selections, seen, out);
      } else if (selection.kind == Selection::Kind::spread) {
        const auto found = document_.fragments.find(selection.name);
        if (found != document_.fragments.end() && seen.insert(selection.name).second) {
          collect(found->second.selections, seen, out);
        }
      } else {
        auto place = out.begin();
        while (place != out.end() && place->first != selection.key()) ++place;
        if (place == out.end()) place = out.insert(out.end(), {selection.key(), {}});
        place->second.push_back(&selection);
      }
    }
  }

  json::value project(const json::value& from, const Type& type, const Selections& selections) {
    std::vector<const std::vector<Selection>*> sets;
    for (const auto* selection : selections) sets.push_back(&selection->selections);
    json::object out;
    for (const auto& [key, same] : merged(sets)) {
      if (same.front()->name == "__typename") {
        out[key] = type.name;
      } else if (const auto* field = type.field(same.front()->name)) {
        out[key] = value_of(from, type, *field, same);
      }
    }
    return out;
  }

  json::value value_of(const json::value& from, const Type& type, const Field& field,
                       const Selections& selections) {
    const auto* found = json::find(from, snake(field.name));
    switch (field.kind) {
      case Kind::text:
        return found != nullptr && found->is_string() ? *found : json::value("");
      case Kind::whole:
        return whole_of(found);
      case Kind::number:
        return number_of(found);
      case Kind::flag:
        return json::value(found != nullptr && found->is_bool() && found->get_bool());
      case Kind::word:
        return found != nullptr && found->is_string() ? *found : json::value(field.of);
      case Kind::texts:
        return found != nullptr && found->is_array() ? *found : json::value(json::array());
      case Kind::object:
      case Kind::objects:
        return inner(from, found, type, field, selections);
      case Kind::nothing:
        break;
    }
    return json::value(nullptr);
  }

  json::value inner(const json::value& from, const json::value* found, const Type& type,
                    const Field& field, const Selections& selections) {
    json::value fetched;
    if (type.name == "MlflowRunExtension" && found == nullptr) {
      fetched = beside_run(from, field);
      found = &fetched;
    }
    const auto* of = find_type(field.of);
    if (of == nullptr) return json::value(nullptr);
    if (field.kind == Kind::object) {
      static const json::value kNothing = json::object();
      return project(found != nullptr && found->is_object() ? *found : kNothing, *of, selections);
    }
    json::array out;
    if (found != nullptr && found->is_array()) {
      for (const auto& item : found->get_array()) out.push_back(project(item, *of, selections));
    }
    return out;
  }

  // What belongs to a run but is not in its own answer.
  json::value beside_run(const json::value& run, const Field& field) {
    const auto* info = json::find(run, "info");
    if (info == nullptr) return json::value(nullptr);
    const bool versions = field.name == "modelVersions";
    if (!versions && field.name != "experiment") return json::value(nullptr);
    const auto* root = find_root(versions ? "mlflowSearchModelVersions" : "mlflowGetExperiment");
    json::object input;
    if (versions) {
      input["filter"] = "run_id='" + json::text_at(*info, "run_id").value_or("") + "'";
    } else {
      input["experimentId"] = json::text_at(*info, "experiment_id").value_or("");
    }
    const auto key = json::dump_value(json::value(input));
    const auto known = beside_.find(key);
    if (known != beside_.end()) return known->second;
    const auto answer = fetch_(*root, input);
    if (!answer) errors_.push_back(answer.error().message);
    const auto* part =
        answer ? json::find(*answer, versions ? "model_versions" : "experiment") : nullptr;
    return beside_[key] = part == nullptr ? json::value(nullptr) : *part;
  }

  const Document& document_;
  const Operation& operation_;
  const json::object& given_;
  const Fetch& fetch_;
  std::vector<std::string> errors_;
  std::map<std::string, json::value> beside_;
};

}  // namespace

Answer execute(const Document& document, const Operation& operation, const json::object& variables,
               const Fetch& fetch) {
  return Execution(document, operation, variables, fetch).run();
}

}  // namespace slipway::wire::mlflow::graphql
