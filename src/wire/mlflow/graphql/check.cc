// SPDX-License-Identifier: Apache-2.0
#include "graphql/check.h"

#include <algorithm>
#include <set>

#include "graphql/schema.h"

namespace slipway::wire::mlflow::graphql {
namespace {

constexpr int kDepth = 10;
constexpr int kSelections = 1'000;
constexpr int kRootFields = 10;
constexpr int kAliases = 10;

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

class Check {
 public:
  explicit Check(const Document& document) : document_(document) {}

  std::vector<std::string> run() {
    for (const auto& [name, fragment] : document_.fragments) {
      std::set<std::string> path;
      if (cyclic(fragment.selections, path, 0)) {
        return {"Cannot spread fragment " + quoted(name) + " within itself."};
      }
    }
    for (const auto& operation : document_.operations) {
      Totals totals;
      count(operation.selections, 1, totals);
      if (!too_much(totals)) roots(operation);
    }
    for (const auto& [name, fragment] : document_.fragments) {
      const auto* type = find_type(fragment.on);
      if (type != nullptr) {
        fields(*type, fragment.selections);
      } else if (fragment.on != "Query" && fragment.on != "Mutation") {
        say("Unknown type " + quoted(fragment.on) + ".");
      }
    }
    return std::move(problems_);
  }

 private:
  struct Totals {
    int roots = 0;
    int aliases = 0;
    int selections = 0;
    bool too_deep = false;
  };

  void say(std::string problem) {
    if (problems_.size() < 20) problems_.push_back(std::move(problem));
  }

  bool cyclic(const std::vector<Selection>& selections, std::set<std::string>& path, int depth) {
    if (depth > 200) return true;
    for (const auto& selection : selections) {
      if (cyclic(selection.selections, path, depth + 1)) return true;
      if (selection.kind != Selection::Kind::spread || done_.contains(selection.name)) continue;
      const auto found = document_.fragments.find(selection.name);
      if (found == document_.fragments.end()) continue;
      if (!path.insert(selection.name).second) return true;
      if (cyclic(found->second.selections, path, depth + 1)) return true;
      path.erase(selection.name);
      done_.insert(selection.name);
    }
    return false;
  }

  // The fields of one level, with those of its fragments.
  void flatten(const std::vector<Selection>& selections, std::set<std::string>& seen,
               std::vector<const Selection*>& out) const {
    for (const auto& selection : selections) {
      if (selection.kind == Selection::Kind::field) {
        out.push_back(&selection);
      } else if (selection.kind == Selection::Kind::inline_fragment) {
        flatten(selection.selections, seen, out);
      } else if (seen.insert(selection.name).second) {
        const auto found = document_.fragments.find(selection.name);
        if (found != document_.fragments.end()) flatten(found->second.selections, seen, out);
      }
    }
  }

  void count(const std::vector<Selection>& selections, int depth, Totals& totals) {
    if (depth > kDepth) totals.too_deep = true;
    if (totals.too_deep || totals.selections > kSelections) return;
    std::vector<const Selection*> level;
    std::set<std::string> seen;
    flatten(selections, seen, level);
    if (depth == 1) totals.roots = static_cast<int>(level.size());
    totals.selections += static_cast<int>(level.size());
    int aliases = 0;
    for (const auto* field : level) {
      aliases += field->alias.empty() ? 0 : 1;
      if (!field->selections.empty()) count(field->selections, depth + 1, totals);
    }
    totals.aliases = std::max(totals.aliases, aliases);
  }

  bool too_much(const Totals& totals) {
    const auto before = problems_.size();
    const auto most = [&](int limit, int found, const char* what) {
      if (found <= limit) return;
      say("GraphQL queries should have at most " + std::to_string(limit) + " " + what + ", got " +
          std::to_string(found) + " " + what + ".");
    };
    if (totals.too_deep) say("Query exceeds maximum depth of " + std::to_string(kDepth));
    if (totals.selections > kSelections) {
      say("Query exceeds maximum total selections of " + std::to_string(kSelections));
    }
    most(kRootFields, totals.roots, "root fields");
    most(kAliases, totals.aliases, "aliases");
    return problems_.size() > before;
  }

  void roots(const Operation& operation) {
    const bool mutation = operation.kind == "mutation";
    std::vector<const Selection*> level;
    std::set<std::string> seen;
    flatten(operation.selections, seen, level);
    for (const auto* selection : level) {
      if (selection->name == "__typename") continue;
      const auto* root = find_root(selection->name);
      if (root == nullptr || !(mutation ? root->mutation : root->query)) {
        say("Cannot query field " + quoted(selection->name) + " on type " +
            (mutation ? "'Mutation'." : "'Query'."));
        continue;
      }
      for (const auto& [name, value] : selection->arguments) {
        if (name != "input") {
          say("Unknown argument " + quoted(name) + " on field " + quoted(root->name) + ".");
        }
        inputs(*root, value);
      }
      if (const auto* type = find_type(root->type)) {
        if (selection->selections.empty()) needs_subfields(*selection, *type);
        fields(*type, selection->selections);
      }
    }
  }

  void inputs(const Root& root, const Value& value) {
    if (value.kind != Value::Kind::object) return;
    for (const auto& [name, item] : value.items) {
      if (std::find(root.inputs.begin(), root.inputs.end(), name) == root.inputs.end()) {
        say("Field " + quoted(name) + " is not defined for the input of " + quoted(root.name) +
            ".");
      }
    }
  }

  void needs_subfields(const Selection& selection, const Type& type) {
    say("Field " + quoted(selection.name) + " of type " + quoted(type.name) +
        " must have a selection of subfields.");
  }

  // Fragments are checked on their own, against the type that they name.
  void fields(const Type& type, const std::vector<Selection>& selections) {
    for (const auto& selection : selections) {
      if (selection.kind == Selection::Kind::inline_fragment) {
        fields(type, selection.selections);
        continue;
      }
      if (selection.kind == Selection::Kind::spread) {
        if (!document_.fragments.contains(selection.name)) {
          say("Unknown fragment " + quoted(selection.name) + ".");
        }
        continue;
      }
      if (selection.name == "__typename") continue;
      const auto* field = type.field(selection.name);
      if (field == nullptr) {
        say("Cannot query field " + quoted(selection.name) + " on type " + quoted(type.name) + ".");
        continue;
      }
      const auto* inner = field->kind == Kind::word ? nullptr : find_type(field->of);
      if (inner == nullptr && !selection.selections.empty()) {
        say("Field " + quoted(selection.name) + " must not have a selection.");
      } else if (inner != nullptr && selection.selections.empty()) {
        needs_subfields(selection, *inner);
      } else if (inner != nullptr) {
        fields(*inner, selection.selections);
      }
    }
  }

  const Document& document_;
  std::set<std::string> done_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> problems_of(const Document& document) {
  return Check(document).run();
}

}  // namespace slipway::wire::mlflow::graphql
