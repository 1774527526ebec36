// SPDX-License-Identifier: Apache-2.0
#include "resolve.h"

#include <algorithm>

#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "pipeline/expression.h"
#include "process/process.h"

namespace slipway::pipeline {
namespace {

constexpr std::size_t kMaxItems = 1'000'000;
constexpr std::size_t kMaxResult = 1 << 20;

Result<std::vector<std::string>> render_all(const std::vector<std::string>& texts,
                                            const Scope& scope) {
  std::vector<std::string> out;
  for (const auto& text : texts) {
    SW_TRY(auto rendered, render(text, scope, Quote::none));
    if (rendered.empty() || rendered.find('\0') != rendered.npos) {
      return invalid("'" + text + "' is an empty path here");
    }
    out.push_back(std::move(rendered));
  }
  return out;
}

Result<void> render_env(const EnvList& env, const Scope& scope, EnvList& out) {
  for (const auto& [name, text] : env) {
    SW_TRY(auto value, render(text, scope, Quote::none));
    out.emplace_back(name, std::move(value));
  }
  return {};
}

// A bare x.py runs with Python.
std::string with_interpreter(const std::string& command) {
  const auto text = trim(command);
  const auto word = text.substr(0, text.find_first_of(" \t\n;|&<>"));
  if (!word.ends_with(".py") || word.find_first_of("=$`\"'") != word.npos) return command;
  static const bool has_python = !process::find_program("python").empty();
  return (has_python ? "python " : "python3 ") + std::string(text);
}

// A step may say `slipway` also where this program is not on the PATH.
std::string path_with_this_program() {
  const auto path = process::inherited("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  char self[4096];
  const auto n = ::readlink("/proc/self/exe", self, sizeof(self));
  const auto folder =
      n <= 0 ? std::string_view() : std::string_view(self, static_cast<std::size_t>(n));
  const auto slash = folder.rfind('/');
  if (slash == folder.npos || !process::find_program("slipway").empty()) return path;
  return path + ":" + std::string(folder.substr(0, slash));
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

Result<void> check_all(const RunSetup& setup, const std::vector<std::string>& paths,
                       const std::string& before, const std::string& after,
                       const std::string& hint) {
  for (const auto& path : paths) {
    if (exists(path_in(setup.execution.folder, path))) continue;
    return precondition(before + "'" + path + "'" + after, hint);
  }
  return {};
}

}  // namespace

Scope scope_of(const RunSetup& setup, const ItemRef& at) {
  Scope out;
  out.params = &setup.params;
  out.item = at.value;
  if (at.item >= 0) out.index = at.item;
  out.outer = at.outer;
  if (at.outer_item >= 0) out.outer_index = at.outer_item;
  out.run_id = setup.execution.id;
  out.scheduled = setup.scheduled;
  out.scheduled_date = setup.scheduled_date;
  out.outcomes = at.outcomes;
  return out;
}

Result<Resolved> resolve(const RunSetup& setup, const ItemRef& at) {
  const auto scope = scope_of(setup, at);
  Resolved out;
  if (at.step->approval) {
    SW_TRY(out.message, render(at.step->approval->message, scope, Quote::none));
  } else if (at.step->pipeline) {
    SW_TRY(const auto file, render(at.step->pipeline->file, scope, Quote::none));
    out.pipeline = path_in(setup.execution.folder, file);
    for (const auto& [name, text] : at.step->pipeline->params) {
      SW_TRY(const auto value, render(text, scope, Quote::none));
      out.words.push_back(name + "=" + value);
    }
  } else if (at.step->gate) {
    const auto& gate = *at.step->gate;
    SW_TRY(const auto policy, render(gate.policy, scope, Quote::none));
    out.gate.policy_path = path_in(setup.execution.folder, policy);
    SW_TRY(out.gate.model, render(gate.model, scope, Quote::none));
    SW_TRY(out.gate.version, render(gate.version, scope, Quote::none));
    SW_TRY(out.gate.endpoint, render(gate.endpoint, scope, Quote::none));
    out.gate.execution = setup.execution.id;
    out.gate.step = at.step->name;
  } else if (at.step->check) {
    SW_TRY(const auto data, render(at.step->check->data, scope, Quote::none));
    SW_TRY(const auto suite, render(at.step->check->suite, scope, Quote::none));
    out.check.data_path = path_in(setup.execution.folder, data);
    out.check.suite_path = path_in(setup.execution.folder, suite);
  } else {
    SW_TRY(const auto command, render(at.step->run, scope, Quote::shell));
    if (command.find('\0') != command.npos) return invalid("the command holds a NUL byte");
    out.command = with_interpreter(command);
  }
  SW_TRY(out.inputs, render_all(at.step->inputs, scope));
  SW_TRY(out.outputs, render_all(at.step->outputs, scope));
  SW_CHECK_OK(render_env(at.step->artifacts, scope, out.artifacts));
  SW_CHECK_OK(render_env(setup.definition.env, scope, out.env));
  SW_CHECK_OK(render_env(at.step->env, scope, out.env));
  return out;
}

Result<std::vector<Value>> expand(const RunSetup& setup, const ItemRef& at) {
  const auto scope = scope_of(setup, at);
  const auto& from = at.step->foreach->from;
  std::vector<Value> out;
  if (from.starts_with('@')) {
    SW_TRY(const auto path, render(std::string_view(from).substr(1), scope, Quote::none));
    SW_TRY(const auto text, blob::read_file(path_in(setup.execution.folder, path)));
    auto list = list_from_json(text);
    if (!list) return invalid("foreach: '" + path + "': " + list.error().message);
    out = *std::move(list);
  } else {
    SW_TRY(const auto value, value_in(from, scope));
    if (!value || value->kind != Value::Kind::list) {
      return invalid("foreach: '" + from + "' is not a list");
    }
    SW_TRY(out, list_from_json(value->text));
  }
  if (out.size() > kMaxItems) {
    return exhausted("foreach: more than " + std::to_string(kMaxItems) + " items");
  }
  return out;
}

// Names of steps may hold dots: the item is always there.
std::string result_path(const RunSetup& setup, const ItemRef& at, int attempt) {
  return setup.logs + "/" + setup.execution.id + "/" + at.step->name + "." +
         (at.item < 0 ? "-" : std::to_string(at.item)) + "." + std::to_string(attempt) + ".result";
}

Result<std::optional<std::string>> take_result(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::optional<std::string>();
  if (!S_ISREG(info.st_mode)) return invalid("$SLIPWAY_RESULT is not a file");
  if (static_cast<std::size_t>(info.st_size) > kMaxResult) {
    return exhausted("the result has more than 1 MiB", "write a file, and list it as an artifact");
  }
  SW_TRY(const auto text, blob::read_file(path, kMaxResult));
  ::unlink(path.c_str());
  const auto value = value_from_json(trim(text));
  if (!value) return invalid("$SLIPWAY_RESULT holds no JSON: " + value.error().message);
  return std::optional(json_of(*value));
}

std::string task_id(const RunSetup& setup, const ItemRef& at, int attempt) {
  return setup.execution.id + "." + at.step->name + "." + std::to_string(at.item) + "." +
         std::to_string(attempt);
}

// Spans of a step belong to the trace of what started it: of the alert, or of this execution.
std::string traceparent_of(const Execution& execution) {
  const bool alert = execution.trigger.kind == "alert" && !execution.trigger.id.empty();
  const auto trace =
      alert ? trace_id_of("alert", execution.trigger.id) : trace_id_of("execution", execution.id);
  const auto span = sha256_hex(trace + " execution " + execution.id).substr(0, 16);
  return "00-" + trace + "-" + span + "-01";
}

Task task_of(const RunSetup& setup, const ItemRef& at, const Resolved& resolved, int attempt) {
  Task out;
  out.id = task_id(setup, at, attempt);
  out.script = resolved.command;
  out.folder = setup.execution.folder;
  out.resources = at.step->resources;
  for (const auto& [name, value] : setup.params) {
    std::string variable = name;
    std::replace(variable.begin(), variable.end(), '-', '_');
    out.env["SLIPWAY_PARAM_" + variable] = value.text;
    out.env["SLIPWAY_PARAM_" + upper(variable)] = value.text;
  }
  static const std::string path = path_with_this_program();
  out.env["PATH"] = path;
  for (const auto& [name, value] : setup.env) out.env[name] = value;
  out.env["SLIPWAY_RUN_ID"] = setup.execution.id;
  out.env["TRACEPARENT"] = traceparent_of(setup.execution);
  out.env["SLIPWAY_PIPELINE"] = setup.execution.pipeline;
  out.env["SLIPWAY_STEP"] = at.step->name;
  out.env["SLIPWAY_ATTEMPT"] = std::to_string(attempt);
  out.env["SLIPWAY_RESULT"] = result_path(setup, at, attempt);
  out.env["SLIPWAY_SCHEDULED"] = setup.scheduled;
  if (at.outer != nullptr) {
    out.env["SLIPWAY_OUTER"] = at.outer->text;
    out.env["SLIPWAY_OUTER_INDEX"] = std::to_string(at.outer_item);
  }
  if (at.value != nullptr) {
    out.env["SLIPWAY_ITEM"] = at.value->text;
    out.env["SLIPWAY_INDEX"] = std::to_string(at.item);
  }
  for (const auto& [name, value] : resolved.env) out.env[name] = value;
  // A secret is for the steps that ask for it, also when it was in the environment all along.
  for (const auto& [name, value] : setup.secrets) {
    const auto& wanted = at.step->secrets;
    if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
      out.env[name] = value;
    } else if (!out.env.contains(name)) {
      out.unset.push_back(name);
    }
  }
  return out;
}

std::vector<std::string> secrets_of(const RunSetup& setup, const Step&) {
  std::vector<std::string> out;  // all of them: one step may print what another one wrote
  for (const auto& [name, value] : setup.secrets) out.push_back(value);
  return out;
}

Result<void> check_inputs(const RunSetup& setup, const Resolved& resolved) {
  return check_all(setup, resolved.inputs, "input ", " does not exist",
                   "make it first, or list the step that makes it under 'needs'");
}

Result<void> check_outputs(const RunSetup& setup, const Resolved& resolved) {
  for (const auto& [name, path] : resolved.artifacts) {
    SW_CHECK_OK(check_all(setup, {path}, "artifact ", " was not made", ""));
  }
  return check_all(setup, resolved.outputs, "output ", " was not made", "");
}

Result<std::string> cache_key_of(const RunSetup& setup, const ItemRef& at, const Resolved& resolved,
                                 ContentHashes& hashes) {
  CacheParts parts;
  parts.command = resolved.command;
  parts.params = json_of(setup.params);
  if (at.value != nullptr) parts.item = json_of(*at.value);
  parts.env = resolved.env;
  parts.outputs = resolved.outputs;
  for (const auto& [name, path] : resolved.artifacts) parts.outputs.push_back(name + "=" + path);
  for (const auto& input : resolved.inputs) {
    SW_TRY(auto hash, hashes.of(path_in(setup.execution.folder, input)));
    parts.inputs.emplace_back(input, std::move(hash));
  }
  return cache_key(parts);
}

}  // namespace slipway::pipeline
