// SPDX-License-Identifier: Apache-2.0
#include "pipeline/definition.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "base/sizes.h"
#include "base/text.h"
#include "needs.h"
#include "pipeline/cron.h"
#include "pipeline/expression.h"
#include "yaml/yaml.h"

namespace slipway::pipeline {
namespace {

using yaml::Node;
using Kind = Node::Kind;

constexpr std::size_t kMaxSteps = 10'000;
constexpr std::size_t kMaxItems = 100'000;

// Reads the parts of one file; everything that fails says where.
// By git's rules for names of references, so that it is also a safe relative path.
bool is_branch(std::string_view name) {
  if (name.size() > 200 || name.front() == '/' || name.front() == '-' || name.back() == '/' ||
      name.back() == '.' || name.find("//") != name.npos || name.find("..") != name.npos ||
      name.find("@{") != name.npos || name.find_first_of(" ~^:?*[\\\x7f") != name.npos) {
    return false;
  }
  const auto is_control = [](unsigned char c) { return c < 0x20; };
  if (std::any_of(name.begin(), name.end(), is_control)) return false;
  for (const auto part : split(name, '/')) {
    if (part.starts_with('.') || part.ends_with(".lock")) return false;
  }
  return true;
}

class Reader {
 public:
  Reader(const std::string& file, Definition& out) : file_(file), out_(out) {}

  Result<void> read(const Node& root) {
    if (root.kind != Kind::map) {
      return fail(root, "a pipeline is a map, this is " + std::string(yaml::kind_of(root)));
    }
    SW_CHECK_OK(yaml::only(root, {"name", "params", "schedule", "timezone", "on", "env", "steps"},
                           file_, "a pipeline"));
    SW_CHECK_OK(text(root, "name", out_.name));
    if (!out_.name.empty() && !is_name(out_.name)) {
      return fail(*root.find("name"), "'" + out_.name.substr(0, 80) + "' is not a name", kNameHint);
    }
    SW_CHECK_OK(read_params(root));
    SW_CHECK_OK(read_schedule(root));
    SW_CHECK_OK(read_triggers(root));
    SW_CHECK_OK(read_env(root, out_.env, {&out_.params, false}));
    const Node* steps = root.find("steps");
    if (steps == nullptr) return fail(root, "there are no 'steps'");
    if (steps->kind != Kind::list || steps->items.empty()) {
      return fail(*steps, "'steps' must be a list with at least one step");
    }
    if (steps->items.size() > kMaxSteps) {
      return fail(*steps, "more than " + std::to_string(kMaxSteps) + " steps",
                  "use 'foreach' for many of one kind");
    }
    for (const auto& step : steps->items) SW_CHECK_OK(read_step(*step));
    return {};
  }

 private:
  static constexpr const char* kNameHint =
      "letters, digits, '_', '-' and '.', starting with a letter or digit, at most 100";

  static bool is_name(std::string_view name) {
    if (name.empty() || name.size() > 100 || name[0] == '.' || name[0] == '-') return false;
    for (const char c : name) {
      const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.';
      if (!ok) return false;
    }
    return true;
  }

  static bool is_variable(std::string_view name) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    return name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == name.npos;
  }

  Error fail(const Node& at, const std::string& message, std::string hint = {}) const {
    return yaml::error_at(file_, at.line, message, std::move(hint));
  }

  Error moved(const Node& at, Error error) const {
    return fail(at, error.message, std::move(error.hint));
  }

  // A text, also written as a number; absent leaves `out` alone.
  Result<void> text(const Node& map, const std::string& key, std::string& out) const {
    const Node* node = map.find(key);
    if (node == nullptr) return {};
    if (!node->is_scalar() || node->kind == Kind::null) {
      return fail(*node, "'" + key + "' must be text, not " + std::string(yaml::kind_of(*node)));
    }
    out = node->text;
    return {};
  }

  Result<void> number(const Node& map, const std::string& key, double least, double most,
                      double& out) const {
    const Node* node = map.find(key);
    if (node == nullptr) return {};
    const bool is_number = node->kind == Kind::integer || node->kind == Kind::real;
    const auto value = is_number ? parse_double(node->text) : std::nullopt;
    if (!value || *value < least || *value > most) {
      return fail(*node, "'" + key + "' must be a number from " + number_text(least) + " to " +
                             number_text(most));
    }
    out = *value;
    return {};
  }

  // Seconds: a number, or text such as 30s, 5m, 2h, 1d.
  Result<void> seconds(const Node& map, const std::string& key, double& out) const {
    const Node* node = map.find(key);
    if (node == nullptr) return {};
    if (node->kind == Kind::text && !node->text.empty()) {
      constexpr std::string_view kUnits = "smhd";
      constexpr double kSeconds[] = {1, 60, 3600, 86400};
      const auto unit = kUnits.find(node->text.back());
      const auto value =
          parse_double(std::string_view(node->text).substr(0, node->text.size() - 1));
      if (unit != kUnits.npos && value && *value >= 0 && *value * kSeconds[unit] <= 31'536'000) {
        return out = *value * kSeconds[unit], Result<void>{};
      }
    }
    if (node->kind == Kind::text) {
      return fail(*node, "'" + key + "': '" + node->text.substr(0, 80) + "' is not a duration",
                  "write seconds (1800) or 30s, 5m, 2h, 1d");
    }
    return number(map, key, 0, 31'536'000, out);
  }

  Result<void> words(const Node& map, const std::string& key, std::vector<std::string>& out) const {
    const Node* node = map.find(key);
    if (node == nullptr || node->kind == Kind::null) return {};
    if (node->is_scalar()) {
      out.push_back(node->text);
      return {};
    }
    if (node->kind != Kind::list) {
      return fail(*node, "'" + key + "' must be a list of texts");
    }
    for (const auto& item : node->items) {
      if (!item->is_scalar() || item->text.empty()) {
        return fail(*item, "'" + key + "' must be a list of texts, not of " +
                               std::string(yaml::kind_of(*item)));
      }
      out.push_back(item->text);
    }
    return {};
  }

  Result<void> read_params(const Node& root) {
    const Node* node = root.find("params");
    if (node == nullptr || node->kind == Kind::null) return {};
    if (node->kind != Kind::map) return fail(*node, "'params' must be a map of names to defaults");
    for (const auto& [name, value] : node->members) {
      std::string variable = name;
      std::replace(variable.begin(), variable.end(), '-', '_');
      if (!is_variable(variable) || name.size() > 100) {
        return fail(*value, "'" + name.substr(0, 80) + "' cannot name a parameter",
                    "letters, digits, '_' and '-', not starting with a digit");
      }
      out_.params.emplace_back(name, value_of(*value));
    }
    return {};
  }

  Result<void> read_schedule(const Node& root) {
    SW_CHECK_OK(text(root, "schedule", out_.schedule));
    SW_CHECK_OK(text(root, "timezone", out_.timezone));
    if (const Node* zone = root.find("timezone")) {
      if (auto loaded = load_zone(out_.timezone); !loaded) return moved(*zone, loaded.error());
    }
    if (const Node* schedule = root.find("schedule")) {
      auto cron = Cron::parse(out_.schedule);
      if (!cron) return moved(*schedule, cron.error());
    }
    return {};
  }

  Result<void> read_trigger(const Node& on, const std::string& kind, const std::string& key,
                            std::string& out) {
    const Node* node = on.find(kind);
    if (node == nullptr) return {};
    if (node->kind != Kind::map || node->find(key) == nullptr) {
      return fail(*node, "'on." + kind + "' needs '" + key + "'",
                  "write " + kind + ": {" + key + ": ..}");
    }
    SW_CHECK_OK(yaml::only(*node, {key}, file_, "'on." + kind + "'"));
    return text(*node, key, out);
  }

  Result<void> read_triggers(const Node& root) {
    const Node* on = root.find("on");
    if (on == nullptr || on->kind == Kind::null) return {};
    if (on->kind != Kind::map) return fail(*on, "'on' must be a map of triggers");
    SW_CHECK_OK(yaml::only(*on, {"drift", "data", "push"}, file_, "'on'"));
    SW_CHECK_OK(read_trigger(*on, "drift", "endpoint", out_.on.drift_endpoint));
    SW_CHECK_OK(read_trigger(*on, "data", "path", out_.on.data_path));
    SW_CHECK_OK(read_trigger(*on, "push", "branch", out_.on.push_branch));
    const auto& branch = out_.on.push_branch;
    if (branch.empty() || is_branch(branch)) return {};
    return fail(*on->find("push"), "'on.push': '" + branch.substr(0, 80) + "' is no branch",
                "write its name, for example push: {branch: main}");
  }

  Result<void> read_env(const Node& map, EnvList& out, const Known& known) {
    const Node* env = map.find("env");
    if (env == nullptr || env->kind == Kind::null) return {};
    if (env->kind != Kind::map) return fail(*env, "'env' must be a map of names to texts");
    for (const auto& [name, value] : env->members) {
      if (!is_variable(name)) {
        return fail(*value, "'" + name.substr(0, 80) + "' cannot name a variable");
      }
      if (!value->is_scalar()) return fail(*value, "'" + name + "' must be text");
      if (auto ok = check(value->text, known); !ok) return moved(*value, ok.error());
      out.emplace_back(name, value->text);
    }
    return {};
  }

  Result<void> read_step(const Node& node) {
    if (node.kind != Kind::map) {
      return fail(node, "a step is a map, this is " + std::string(yaml::kind_of(node)));
    }
    Step step;
    step.line = node.line;
    SW_CHECK_OK(text(node, "name", step.name));
    const std::string what = step.name.empty() ? "a step" : "step '" + step.name + "'";
    SW_CHECK_OK(
        yaml::only(node,
                   {"name", "run", "gate", "check", "needs", "foreach", "inputs", "outputs",
                    "cache", "retries", "backoff", "timeout", "resources", "env", "secrets"},
                   file_, what));
    if (step.name.empty()) return fail(node, "a step needs a 'name'");
    if (!is_name(step.name)) {
      return fail(*node.find("name"), "'" + step.name.substr(0, 80) + "' is not a name", kNameHint);
    }
    if (!names_.insert(step.name).second) {
      return fail(*node.find("name"), "there are two steps named '" + step.name + "'");
    }
    SW_CHECK_OK(read_foreach(node, step));
    SW_CHECK_OK(read_work(node, step, what));
    SW_CHECK_OK(read_limits(node, step, what));
    out_.steps.push_back(std::move(step));
    return {};
  }

  Result<void> read_foreach(const Node& node, Step& step) {
    const Node* foreach = node.find("foreach");
    if (foreach == nullptr) return {};
    Foreach out;
    if (foreach->kind == Kind::list) {
      if (foreach->items.size() > kMaxItems) {
        return fail(*foreach, "more than " + std::to_string(kMaxItems) + " items");
      }
      for (const auto& item : foreach->items) out.items.push_back(value_of(*item));
    } else if (foreach->kind == Kind::text && !trim(foreach->text).empty()) {
      out.from = trim(foreach->text);
      if (auto ok = check(out.from, {&out_.params, false}); !ok) {
        return moved(*foreach, ok.error());
      }
      if (out.from[0] != '@' && !out.from.starts_with("{{")) {
        return fail(*foreach, "'foreach' is a list, \"@path.json\" or \"{{ params.NAME }}\"");
      }
    } else {
      return fail(*foreach, "'foreach' must be a list, not " + std::string(yaml::kind_of(*foreach)),
                  "or \"@path.json\" for a list that an earlier step wrote");
    }
    step.foreach = std::move(out);
    return {};
  }

  Result<void> checked_words(const Node& node, const std::string& key, const Known& known,
                             std::vector<std::string>& out) {
    SW_CHECK_OK(words(node, key, out));
    for (const auto& word : out) {
      if (auto ok = check(word, known); !ok) return moved(*node.find(key), ok.error());
    }
    return {};
  }

  Result<void> read_work(const Node& node, Step& step, const std::string& what) {
    const Known known{&out_.params, step.foreach.has_value()};
    const Node* run = node.find("run");
    const Node* gate = node.find("gate");
    const Node* check_node = node.find("check");
    if ((run != nullptr) + (gate != nullptr) + (check_node != nullptr) != 1) {
      return fail(node, what + " needs one of 'run', 'gate' and 'check'");
    }
    if (run != nullptr) {
      SW_CHECK_OK(text(node, "run", step.run));
      if (trim(step.run).empty()) return fail(*run, "'run' is empty");
      if (auto ok = check(step.run, known); !ok) return moved(*run, ok.error());
    } else if (gate != nullptr) {
      SW_CHECK_OK(read_gate(*gate, step, known));
    } else {
      SW_CHECK_OK(read_check(*check_node, step, known));
    }
    SW_CHECK_OK(words(node, "needs", step.needs));
    SW_CHECK_OK(checked_words(node, "inputs", known, step.inputs));
    SW_CHECK_OK(checked_words(node, "outputs", known, step.outputs));
    SW_CHECK_OK(read_env(node, step.env, known));
    SW_CHECK_OK(words(node, "secrets", step.secrets));
    for (const auto& secret : step.secrets) {
      if (!is_variable(secret)) {
        return fail(*node.find("secrets"), "'" + secret.substr(0, 80) + "' cannot name a secret");
      }
    }
    return {};
  }

  Result<void> read_gate(const Node& gate, Step& step, const Known& known) {
    if (gate.kind != Kind::map) return fail(gate, "'gate' must be a map");
    SW_CHECK_OK(yaml::only(gate, {"policy", "model", "version", "endpoint"}, file_, "a gate"));
    GateSpec out;
    SW_CHECK_OK(text(gate, "policy", out.policy));
    SW_CHECK_OK(text(gate, "model", out.model));
    SW_CHECK_OK(text(gate, "version", out.version));
    SW_CHECK_OK(text(gate, "endpoint", out.endpoint));
    if (out.policy.empty() || out.model.empty()) {
      return fail(gate, "a gate needs 'policy' and 'model'");
    }
    for (const auto* part : {&out.policy, &out.model, &out.version, &out.endpoint}) {
      if (auto ok = check(*part, known); !ok) return moved(gate, ok.error());
    }
    step.gate = std::move(out);
    return {};
  }

  Result<void> read_check(const Node& check_node, Step& step, const Known& known) {
    if (check_node.kind != Node::Kind::map) return fail(check_node, "'check' must be a map");
    SW_CHECK_OK(yaml::only(check_node, {"data", "suite"}, file_, "a check"));
    CheckSpec out;
    SW_CHECK_OK(text(check_node, "data", out.data));
    SW_CHECK_OK(text(check_node, "suite", out.suite));
    if (out.data.empty() || out.suite.empty()) {
      return fail(check_node, "a check needs 'data' and 'suite'",
                  "check: {data: work/train.parquet, suite: expectations.yaml}");
    }
    for (const auto* part : {&out.data, &out.suite}) {
      if (auto ok = check(*part, known); !ok) return moved(check_node, ok.error());
    }
    step.check = std::move(out);
    return {};
  }

  Result<void> read_limits(const Node& node, Step& step, const std::string& what) {
    if (const Node* cache = node.find("cache")) {
      if (cache->kind != Kind::boolean) return fail(*cache, "'cache' must be true or false");
      step.cache = to_lower(cache->text) == "true";
      if (step.cache && step.gate) return fail(*cache, "a gate is never cached");
      if (step.cache && step.check) return fail(*cache, "a check is never cached");
    }
    double retries = 0;
    SW_CHECK_OK(number(node, "retries", 0, 1000, retries));
    if (retries != std::floor(retries)) {
      return fail(*node.find("retries"), "'retries' must be an integer");
    }
    step.retries = static_cast<int>(retries);
    SW_CHECK_OK(seconds(node, "backoff", step.backoff_s));
    SW_CHECK_OK(seconds(node, "timeout", step.timeout_s));
    const Node* resources = node.find("resources");
    if (resources == nullptr || resources->kind == Kind::null) return {};
    if (resources->kind != Kind::map) return fail(*resources, "'resources' must be a map");
    SW_CHECK_OK(yaml::only(*resources, {"cpu", "memory", "gpu"}, file_, "resources of " + what));
    double gpu = 0;
    SW_CHECK_OK(number(*resources, "cpu", 0, 100'000, step.resources.cpu));
    SW_CHECK_OK(number(*resources, "gpu", 0, 10'000, gpu));
    step.resources.gpu = static_cast<int>(gpu);
    return read_memory(*resources, step.resources.memory_bytes);
  }

  Result<void> read_memory(const Node& resources, std::uint64_t& out) {
    std::string text_value;
    SW_CHECK_OK(text(resources, "memory", text_value));
    if (text_value.empty()) return {};
    const auto bytes = parse_bytes(text_value);
    if (!bytes) {
      return fail(*resources.find("memory"), "'" + text_value.substr(0, 80) + "' is not a size",
                  "write 512MiB or 2GiB");
    }
    out = *bytes;
    return {};
  }

  const std::string& file_;
  Definition& out_;
  std::set<std::string> names_;
};

}  // namespace

const Step* Definition::find(std::string_view step) const {
  for (const auto& candidate : steps) {
    if (candidate.name == step) return &candidate;
  }
  return nullptr;
}

Result<Definition> parse_definition(std::string_view text, const std::string& file) {
  SW_TRY(const auto root, yaml::parse(text, file));
  Definition out;
  SW_CHECK_OK(Reader(file, out).read(*root));
  add_needs_by_path(out);
  SW_CHECK_OK(check_needs(out, file));
  SW_CHECK_OK(check_cycles(out, file));
  return out;
}

}  // namespace slipway::pipeline
