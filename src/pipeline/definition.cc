// SPDX-License-Identifier: Apache-2.0
#include "pipeline/definition.h"

#include <set>

#include "fields.h"
#include "needs.h"
#include "pipeline/cron.h"

namespace slipway::pipeline {
namespace {

using yaml::Node;
using Kind = Node::Kind;

const std::vector<std::pair<std::string_view, CatchUp>> kCatchUps = {
    {"none", CatchUp::none}, {"last", CatchUp::last}, {"all", CatchUp::all}};
const std::vector<std::pair<std::string_view, Concurrency>> kConcurrencies = {
    {"allow", Concurrency::allow},
    {"forbid", Concurrency::forbid},
    {"queue", Concurrency::queue},
    {"replace", Concurrency::replace}};

class Reader {
 public:
  Reader(const std::string& file, Definition& out) : fields_(file), out_(out) {}

  Result<void> read(const Node& root) {
    if (root.kind != Kind::map) {
      return fields_.fail(root, "a pipeline is a map, this is " + std::string(yaml::kind_of(root)));
    }
    SW_CHECK_OK(yaml::only(root,
                           {"name", "params", "schedule", "timezone", "catchup", "concurrency",
                            "priority", "on", "env", "pools", "steps"},
                           fields_.file(), "a pipeline"));
    SW_CHECK_OK(fields_.text(root, "name", out_.name));
    if (!out_.name.empty() && !is_name(out_.name)) {
      return fields_.fail(*root.find("name"), "'" + out_.name.substr(0, 80) + "' is not a name",
                          kNameHint);
    }
    SW_CHECK_OK(read_params(fields_, root, out_));
    SW_CHECK_OK(read_schedule(root));
    SW_CHECK_OK(read_triggers(root));
    SW_CHECK_OK(read_pools(root));
    SW_CHECK_OK(fields_.env(root, out_.env, {&out_.params, false, false}));
    const Node* steps = root.find("steps");
    if (steps == nullptr) return fields_.fail(root, "there are no 'steps'");
    if (steps->kind != Kind::list || steps->items.empty()) {
      return fields_.fail(*steps, "'steps' must be a list with at least one step");
    }
    if (steps->items.size() > kMaxSteps) {
      return fields_.fail(*steps, "more than " + std::to_string(kMaxSteps) + " steps",
                          "use 'foreach' for many of one kind");
    }
    for (const auto& node : steps->items) SW_CHECK_OK(add_step(*node));
    return {};
  }

 private:
  Result<void> add_step(const Node& node) {
    SW_TRY(auto step, read_step(fields_, node, out_.params));
    if (!names_.insert(step.name).second) {
      return fields_.fail(*node.find("name"), "there are two steps named '" + step.name + "'");
    }
    if (!step.pool.empty()) {
      const auto pool = out_.pools.find(step.pool);
      if (pool == out_.pools.end()) {
        return fields_.fail(*node.find("pool"),
                            "there is no pool '" + step.pool.substr(0, 80) + "'",
                            "declare it: pools: {" + step.pool.substr(0, 80) + ": 2}");
      }
      if (step.slots > pool->second) {
        return fields_.fail(*node.find("pool"), "pool '" + step.pool + "' has only " +
                                                    std::to_string(pool->second) + " slots");
      }
    }
    out_.steps.push_back(std::move(step));
    return {};
  }

  Result<void> read_schedule(const Node& root) {
    SW_CHECK_OK(fields_.text(root, "schedule", out_.schedule));
    SW_CHECK_OK(fields_.text(root, "timezone", out_.timezone));
    SW_CHECK_OK(fields_.choice(root, "catchup", kCatchUps, out_.catch_up));
    SW_CHECK_OK(fields_.choice(root, "concurrency", kConcurrencies, out_.concurrency));
    SW_CHECK_OK(fields_.integer(root, "priority", -1'000'000, 1'000'000, out_.priority));
    if (const Node* zone = root.find("timezone")) {
      if (auto loaded = load_zone(out_.timezone); !loaded) {
        return fields_.moved(*zone, loaded.error());
      }
    }
    if (const Node* schedule = root.find("schedule")) {
      auto cron = Cron::parse(out_.schedule);
      if (!cron) return fields_.moved(*schedule, cron.error());
    }
    return {};
  }

  Result<void> read_trigger(const Node& on, const std::string& kind, const std::string& key,
                            std::string& out) {
    const Node* node = on.find(kind);
    if (node == nullptr) return {};
    if (node->kind != Kind::map || node->find(key) == nullptr) {
      return fields_.fail(*node, "'on." + kind + "' needs '" + key + "'",
                          "write " + kind + ": {" + key + ": ..}");
    }
    SW_CHECK_OK(yaml::only(*node, {key}, fields_.file(), "'on." + kind + "'"));
    return fields_.text(*node, key, out);
  }

  Result<void> read_after(const Node& on) {
    const Node* node = on.find("pipeline");
    if (node == nullptr) return {};
    if (node->kind != Kind::map || node->find("name") == nullptr) {
      return fields_.fail(*node, "'on.pipeline' needs 'name'", "write pipeline: {name: ..}");
    }
    SW_CHECK_OK(yaml::only(*node, {"name", "status"}, fields_.file(), "'on.pipeline'"));
    SW_CHECK_OK(fields_.text(*node, "name", out_.on.after_pipeline));
    out_.on.after_status = "succeeded";
    const std::vector<std::pair<std::string_view, std::string>> known = {
        {"succeeded", "succeeded"}, {"failed", "failed"}, {"any", "any"}};
    return fields_.choice(*node, "status", known, out_.on.after_status);
  }

  Result<void> read_triggers(const Node& root) {
    const Node* on = root.find("on");
    if (on == nullptr || on->kind == Kind::null) return {};
    if (on->kind != Kind::map) return fields_.fail(*on, "'on' must be a map of triggers");
    SW_CHECK_OK(yaml::only(*on, {"drift", "data", "push", "pipeline"}, fields_.file(), "'on'"));
    SW_CHECK_OK(read_trigger(*on, "drift", "endpoint", out_.on.drift_endpoint));
    SW_CHECK_OK(read_trigger(*on, "data", "path", out_.on.data_path));
    SW_CHECK_OK(read_trigger(*on, "push", "branch", out_.on.push_branch));
    SW_CHECK_OK(read_after(*on));
    const auto& branch = out_.on.push_branch;
    if (branch.empty() || is_branch(branch)) return {};
    return fields_.fail(*on->find("push"), "'on.push': '" + branch.substr(0, 80) + "' is no branch",
                        "write its name, for example push: {branch: main}");
  }

  Result<void> read_pools(const Node& root) {
    const Node* pools = root.find("pools");
    if (pools == nullptr || pools->kind == Kind::null) return {};
    if (pools->kind != Kind::map) {
      return fields_.fail(*pools, "'pools' must be a map of names to numbers of slots");
    }
    for (const auto& [name, value] : pools->members) {
      if (!is_name(name)) {
        return fields_.fail(*value, "'" + name.substr(0, 80) + "' is not a name", kNameHint);
      }
      SW_CHECK_OK(fields_.integer(*pools, name, 1, 1'000'000, out_.pools[name]));
    }
    return {};
  }

  Fields fields_;
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
  add_needs_by_reference(out);
  add_needs_of_handlers(out);
  SW_CHECK_OK(check_needs(out, file));
  SW_CHECK_OK(check_cycles(out, file));
  return out;
}

}  // namespace slipway::pipeline
