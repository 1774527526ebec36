// SPDX-License-Identifier: Apache-2.0
// One element of `steps`.
#include <algorithm>

#include "base/sizes.h"
#include "base/text.h"
#include "fields.h"

namespace slipway::pipeline {
namespace {

using yaml::Node;
using Kind = Node::Kind;

constexpr char kKinds[] = " needs one of 'run', 'gate', 'check', 'approval' and 'pipeline'";

class StepReader {
 public:
  StepReader(const Fields& fields, const Node& node, const Params& params)
      : fields_(fields), node_(node), params_(params) {}

  Result<Step> read() {
    if (node_.kind != Kind::map) {
      return fields_.fail(node_, "a step is a map, this is " + std::string(yaml::kind_of(node_)));
    }
    step_.line = node_.line;
    SW_CHECK_OK(fields_.text(node_, "name", step_.name));
    what_ = step_.name.empty() ? "a step" : "step '" + step_.name + "'";
    SW_CHECK_OK(yaml::only(
        node_,
        {"name",    "run",     "gate",    "check",     "approval", "pipeline",  "needs", "when",
         "if",      "foreach", "matrix",  "inputs",    "outputs",  "artifacts", "cache", "may_fail",
         "retries", "backoff", "timeout", "resources", "priority", "pool",      "env",   "secrets"},
        fields_.file(), what_));
    if (step_.name.empty()) return fields_.fail(node_, "a step needs a 'name'");
    if (!is_name(step_.name)) {
      return fields_.fail(*node_.find("name"), "'" + step_.name.substr(0, 80) + "' is not a name",
                          kNameHint);
    }
    SW_CHECK_OK(read_elements());
    known_ = {&params_, step_.foreach.has_value(),
              step_.foreach.has_value() && !step_.foreach->each.empty()};
    SW_CHECK_OK(read_work());
    SW_CHECK_OK(read_when());
    SW_CHECK_OK(read_files());
    SW_CHECK_OK(read_limits());
    SW_CHECK_OK(read_pool());
    return std::move(step_);
  }

 private:
  Result<void> read_elements() {
    const Node* foreach = node_.find("foreach");
    const Node* matrix = node_.find("matrix");
    if (foreach != nullptr && matrix != nullptr) {
      return fields_.fail(*matrix, what_ + " has both 'foreach' and 'matrix'");
    }
    if (foreach != nullptr) {
      SW_TRY(step_.foreach, read_foreach(fields_, *foreach, params_));
    } else if (matrix != nullptr) {
      SW_TRY(step_.foreach, read_matrix(fields_, *matrix));
    }
    return {};
  }

  Result<void> checked(const Node& at, std::initializer_list<const std::string*> texts) const {
    for (const auto* text : texts) {
      if (auto ok = check(*text, known_); !ok) return fields_.moved(at, ok.error());
    }
    return {};
  }

  Result<void> read_work() {
    const Node* run = node_.find("run");
    const Node* gate = node_.find("gate");
    const Node* check_node = node_.find("check");
    const Node* approval = node_.find("approval");
    const Node* pipeline = node_.find("pipeline");
    if ((run != nullptr) + (gate != nullptr) + (check_node != nullptr) + (approval != nullptr) +
            (pipeline != nullptr) !=
        1) {
      return fields_.fail(node_, what_ + kKinds);
    }
    if (gate != nullptr) return read_gate(*gate);
    if (check_node != nullptr) return read_check(*check_node);
    if (approval != nullptr) return read_approval(*approval);
    if (pipeline != nullptr) return read_pipeline(*pipeline);
    SW_CHECK_OK(fields_.text(node_, "run", step_.run));
    if (trim(step_.run).empty()) return fields_.fail(*run, "'run' is empty");
    return checked(*run, {&step_.run});
  }

  Result<void> read_gate(const Node& gate) {
    if (gate.kind != Kind::map) return fields_.fail(gate, "'gate' must be a map");
    SW_CHECK_OK(
        yaml::only(gate, {"policy", "model", "version", "endpoint"}, fields_.file(), "a gate"));
    GateSpec out;
    SW_CHECK_OK(fields_.text(gate, "policy", out.policy));
    SW_CHECK_OK(fields_.text(gate, "model", out.model));
    SW_CHECK_OK(fields_.text(gate, "version", out.version));
    SW_CHECK_OK(fields_.text(gate, "endpoint", out.endpoint));
    if (out.policy.empty() || out.model.empty()) {
      return fields_.fail(gate, "a gate needs 'policy' and 'model'");
    }
    SW_CHECK_OK(checked(gate, {&out.policy, &out.model, &out.version, &out.endpoint}));
    step_.gate = std::move(out);
    return {};
  }

  Result<void> read_check(const Node& node) {
    if (node.kind != Kind::map) return fields_.fail(node, "'check' must be a map");
    SW_CHECK_OK(yaml::only(node, {"data", "suite"}, fields_.file(), "a check"));
    CheckSpec out;
    SW_CHECK_OK(fields_.text(node, "data", out.data));
    SW_CHECK_OK(fields_.text(node, "suite", out.suite));
    if (out.data.empty() || out.suite.empty()) {
      return fields_.fail(node, "a check needs 'data' and 'suite'",
                          "check: {data: work/train.parquet, suite: expectations.yaml}");
    }
    SW_CHECK_OK(checked(node, {&out.data, &out.suite}));
    step_.check = std::move(out);
    return {};
  }

  Result<void> read_approval(const Node& node) {
    ApprovalSpec out;
    if (node.kind == Kind::map) {
      SW_CHECK_OK(yaml::only(node, {"message", "by"}, fields_.file(), "an approval"));
      SW_CHECK_OK(fields_.text(node, "message", out.message));
      SW_CHECK_OK(fields_.words(node, "by", out.by));
    } else {
      SW_CHECK_OK(fields_.text(node_, "approval", out.message));
    }
    SW_CHECK_OK(checked(node, {&out.message}));
    step_.approval = std::move(out);
    return {};
  }

  Result<void> read_pipeline(const Node& node) {
    SubPipeline out;
    if (node.kind == Kind::map) {
      SW_CHECK_OK(yaml::only(node, {"file", "params"}, fields_.file(), "'pipeline'"));
      SW_CHECK_OK(fields_.text(node, "file", out.file));
      SW_CHECK_OK(fields_.checked_texts(node, "params", known_, out.params));
    } else {
      SW_CHECK_OK(fields_.text(node_, "pipeline", out.file));
    }
    if (out.file.empty()) {
      return fields_.fail(node, "'pipeline' needs a 'file'",
                          "pipeline: {file: other.yaml, params: {month: \"{{ item }}\"}}");
    }
    SW_CHECK_OK(checked(node, {&out.file}));
    step_.pipeline = std::move(out);
    return {};
  }

  Result<void> read_when() {
    if (node_.find("when") != nullptr && node_.find("if") != nullptr) {
      return fields_.fail(*node_.find("if"), "'if' and 'when' are the same: keep one of them");
    }
    const std::string key = node_.find("if") != nullptr ? "if" : "when";
    const Node* node = node_.find(key);
    if (node == nullptr) return {};
    std::string text;
    SW_CHECK_OK(fields_.text(node_, key, text));
    if (text == "always") return step_.when = RunsWhen::always, Result<void>{};
    if (text == "on-failure") return step_.when = RunsWhen::a_need_failed, Result<void>{};
    auto condition = Condition::parse(text);
    if (!condition) return fields_.moved(*node, condition.error());
    if (auto ok = condition->check(known_); !ok) return fields_.moved(*node, ok.error());
    step_.when = RunsWhen::condition;
    step_.condition = *std::move(condition);
    return {};
  }

  Result<void> read_files() {
    SW_CHECK_OK(fields_.words(node_, "needs", step_.needs));
    SW_CHECK_OK(fields_.checked_words(node_, "inputs", known_, step_.inputs));
    SW_CHECK_OK(fields_.checked_words(node_, "outputs", known_, step_.outputs));
    SW_CHECK_OK(fields_.checked_texts(node_, "artifacts", known_, step_.artifacts));
    SW_CHECK_OK(fields_.env(node_, step_.env, known_));
    SW_CHECK_OK(fields_.words(node_, "secrets", step_.secrets));
    if (!step_.artifacts.empty() && !step_.is_command()) {
      return fields_.fail(*node_.find("artifacts"), "only a step with 'run' has artifacts");
    }
    for (const auto& secret : step_.secrets) {
      if (!is_variable(secret)) {
        return fields_.fail(*node_.find("secrets"),
                            "'" + secret.substr(0, 80) + "' cannot name a secret");
      }
    }
    return {};
  }

  Result<void> read_limits() {
    SW_CHECK_OK(fields_.boolean(node_, "cache", step_.cache));
    SW_CHECK_OK(fields_.boolean(node_, "may_fail", step_.may_fail));
    if (step_.cache && !step_.is_command()) {
      return fields_.fail(*node_.find("cache"), std::string(step_.gate       ? "a gate"
                                                            : step_.check    ? "a check"
                                                            : step_.approval ? "an approval"
                                                                             : "a pipeline") +
                                                    " is never cached");
    }
    SW_CHECK_OK(read_retries(fields_, node_, step_.retry));
    SW_CHECK_OK(fields_.seconds(node_, "timeout", step_.timeout_s));
    SW_CHECK_OK(fields_.integer(node_, "priority", -1'000'000, 1'000'000, step_.priority));
    const Node* resources = node_.find("resources");
    if (resources == nullptr || resources->kind == Kind::null) return {};
    if (resources->kind != Kind::map) return fields_.fail(*resources, "'resources' must be a map");
    SW_CHECK_OK(
        yaml::only(*resources, {"cpu", "memory", "gpu"}, fields_.file(), "resources of " + what_));
    SW_CHECK_OK(fields_.number(*resources, "cpu", 0, 100'000, step_.resources.cpu));
    SW_CHECK_OK(fields_.integer(*resources, "gpu", 0, 10'000, step_.resources.gpu));
    return read_memory(*resources, step_.resources.memory_bytes);
  }

  Result<void> read_memory(const Node& resources, std::uint64_t& out) const {
    std::string text;
    SW_CHECK_OK(fields_.text(resources, "memory", text));
    if (text.empty()) return {};
    const auto bytes = parse_bytes(text);
    if (!bytes) {
      return fields_.fail(*resources.find("memory"), "'" + text.substr(0, 80) + "' is not a size",
                          "write 512MiB or 2GiB");
    }
    out = *bytes;
    return {};
  }

  Result<void> read_pool() {
    const Node* pool = node_.find("pool");
    if (pool == nullptr) return {};
    if (pool->kind != Kind::map) return fields_.text(node_, "pool", step_.pool);
    SW_CHECK_OK(yaml::only(*pool, {"name", "slots"}, fields_.file(), "'pool'"));
    SW_CHECK_OK(fields_.text(*pool, "name", step_.pool));
    SW_CHECK_OK(fields_.integer(*pool, "slots", 1, 1'000'000, step_.slots));
    if (step_.pool.empty()) return fields_.fail(*pool, "'pool' needs a 'name'");
    return {};
  }

  const Fields& fields_;
  const Node& node_;
  const Params& params_;
  std::string what_;
  Known known_;
  Step step_;
};

}  // namespace

Result<Step> read_step(const Fields& fields, const Node& node, const Params& params) {
  return StepReader(fields, node, params).read();
}

Result<void> read_retries(const Fields& fields, const Node& step, RetryRule& out) {
  const Node* node = step.find("retries");
  SW_CHECK_OK(fields.seconds(step, "backoff", out.first_s));
  if (node == nullptr || node->kind != Kind::map) {
    return fields.integer(step, "retries", 0, 1000, out.times);
  }
  SW_CHECK_OK(yaml::only(*node,
                         {"times", "backoff", "factor", "max_backoff", "jitter", "on", "not_on"},
                         fields.file(), "'retries'"));
  SW_CHECK_OK(fields.integer(*node, "times", 0, 1000, out.times));
  SW_CHECK_OK(fields.seconds(*node, "backoff", out.first_s));
  SW_CHECK_OK(fields.number(*node, "factor", 1, 100, out.factor));
  SW_CHECK_OK(fields.seconds(*node, "max_backoff", out.most_s));
  SW_CHECK_OK(fields.number(*node, "jitter", 0, 1, out.jitter));
  for (const auto& [key, codes] : {std::pair{"on", &out.on}, std::pair{"not_on", &out.not_on}}) {
    std::vector<std::string> words;
    SW_CHECK_OK(fields.words(*node, key, words));
    for (const auto& word : words) {
      const auto code = parse_int(word);
      if (!code || *code < 1 || *code > 255) {
        return fields.fail(
            *node->find(key),
            "'" + std::string(key) + "': '" + word.substr(0, 80) + "' is not an exit code",
            "1 to 255; 128 + n when signal n ended it, 124 when time ran out");
      }
      codes->push_back(static_cast<int>(*code));
    }
  }
  if (out.times == 0) return fields.fail(*node, "'retries' needs 'times'");
  return {};
}

}  // namespace slipway::pipeline
