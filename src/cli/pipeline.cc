// SPDX-License-Identifier: Apache-2.0
// `slipway pipeline`: checks files here, and manages what a server runs.
#include "pipeline/pipeline.h"

#include <filesystem>

#include "app/config.h"
#include "app/platform.h"
#include "arguments.h"
#include "base/log.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "client.h"
#include "commands.h"
#include "json/value.h"
#include "output.h"
#include "step_name.h"

namespace slipway::cli {
namespace {

struct Options {
  std::string file;
  std::string name;
  std::string server;
  std::vector<std::string> params;
  std::string run;
  std::string step;
  std::string comment;
  std::string data;
  std::string from;
  std::string to;
};

int check(const Options& options) {
  const auto yaml = blob::read_file(options.file, 8 << 20);
  if (!yaml) return fail(invalid(yaml.error().message, yaml.error().hint));
  const auto definition = pipeline::parse_definition(*yaml, options.file);
  if (!definition) return fail(definition.error());
  print_line(options.file + ": " + std::to_string(definition->steps.size()) +
             (definition->steps.size() == 1 ? " step" : " steps") + ", no mistakes");
  return kDone;
}

int show(const Result<std::string>& answer) {
  if (!answer) return fail(answer.error());
  if (!answer->empty()) print_line(*answer);
  return kDone;
}

int add(const Options& options, const Client& client) {
  const auto yaml = blob::read_file(options.file, 8 << 20);
  if (!yaml) return fail(invalid(yaml.error().message, yaml.error().hint));
  const auto path = std::filesystem::absolute(options.file).lexically_normal();
  std::string body = "{\"name\":";
  append_json_string(body, options.name);
  body += ",\"folder\":";
  append_json_string(body, path.parent_path().string());
  body += ",\"file\":";
  append_json_string(body, path.string());
  body += ",\"yaml\":";
  append_json_string(body, *yaml);
  return show(client.post("/api/v1/pipelines", body + "}"));
}

Result<std::string> params_json(const std::vector<std::string>& words) {
  std::string out = "{";
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == word.npos || equals == 0) return invalid("'" + word + "' is not KEY=VALUE");
    if (out.size() > 1) out += ',';
    append_json_string(out, word.substr(0, equals));
    out += ':';
    append_json_string(out, word.substr(equals + 1));
  }
  return out + "}";
}

int start(const Options& options, const Client& client) {
  const auto params = params_json(options.params);
  if (!params) return fail(params.error());
  std::string body = "{\"pipeline\":";
  append_json_string(body, options.name);
  return show(client.post("/api/v1/executions", body + ",\"params\":" + *params + "}"));
}

int back_fill(const Options& options, const Client& client) {
  const auto params = params_json(options.params);
  if (!params) return fail(params.error());
  std::string body = "{\"from\":";
  append_json_string(body, options.from);
  body += ",\"to\":";
  append_json_string(body, options.to);
  body += ",\"params\":" + *params + "}";
  const auto answer = client.post("/api/v1/pipelines/" + encode(options.name) + "/backfill", body);
  if (!answer) return fail(answer.error());
  const auto document = json::parse_value(*answer);
  if (!document) return fail(document.error());
  std::vector<Row> rows;
  const auto* items = json::find(*document, "items");
  if (items != nullptr && items->is_array()) {
    for (const auto& item : items->get_array()) {
      rows.push_back(
          {json::text_at(item, "id").value_or(""), json::text_at(item, "scheduled").value_or("")});
    }
  }
  print_table({"RUN_ID", "FOR"}, rows);
  return kDone;
}

// In a data folder of this machine when one is named, else through the server.
int answer_here(const Options& options, const pipeline::Decision& decision) {
  log::configure(log::Level::warn, log::Format::automatic);
  const auto effective = app::load_config({{"data", options.data}});
  if (!effective) return fail(effective.error());
  const auto platform = app::Platform::open(effective->config, app::Mode::local);
  if (!platform) return fail(platform.error());
  const auto done = (*platform)->executions().decide(options.run, decision);
  return done ? kDone : fail(done.error());
}

int answer(const Options& options, bool approved) {
  const auto name = step_name(options.step);
  if (!name) return fail(name.error());
  pipeline::Decision decision{.step = name->name, .index = name->index, .approved = approved};
  decision.comment = options.comment;
  if (!options.data.empty()) {
    decision.author = app::environment("USER").value_or("");
    return answer_here(options, decision);
  }
  const auto client = Client::connect(options.server);
  if (!client) return fail(client.error());
  std::string body = "{\"step\":";
  append_json_string(body, decision.step);
  body += ",\"index\":" + (name->index ? std::to_string(*name->index) : "null");
  body += ",\"approved\":" + std::string(approved ? "true" : "false") + ",\"comment\":";
  append_json_string(body, decision.comment);
  const auto path = "/api/v1/executions/" + encode(options.run) + "/decisions";
  const auto told = client->post(path, body + "}");
  return told ? kDone : fail(told.error());
}

int resume(const Options& options, const Client& client) {
  std::string body = "{\"from\":";
  append_json_string(body, options.from);
  return show(client.post("/api/v1/executions/" + encode(options.run) + "/resume", body + "}"));
}

int list(const Client& client) {
  const auto answer = client.get("/api/v1/pipelines");
  if (!answer) return fail(answer.error());
  const auto document = json::parse_value(*answer);
  if (!document) return fail(document.error());
  std::vector<Row> rows;
  const auto* items = json::find(*document, "items");
  if (items != nullptr && items->is_array()) {
    for (const auto& item : items->get_array()) {
      rows.push_back(
          {json::text_at(item, "name").value_or(""), json::text_at(item, "schedule").value_or(""),
           json::text_at(item, "next").value_or(""), json::text_at(item, "folder").value_or("")});
    }
  }
  print_table({"NAME", "SCHEDULE", "NEXT", "FOLDER"}, rows);
  return kDone;
}

struct Verbs {
  CLI::App* check = nullptr;
  CLI::App* add = nullptr;
  CLI::App* list = nullptr;
  CLI::App* remove = nullptr;
  CLI::App* start = nullptr;
  CLI::App* resume = nullptr;
  CLI::App* back_fill = nullptr;
  CLI::App* approve = nullptr;
  CLI::App* reject = nullptr;
};

CLI::App* with_server(CLI::App* verb, Options& options) {
  verb->add_option("--server", options.server, "The server (SLIPWAY_URL)")->type_name("URL");
  return verb;
}

// What is said of registered pipelines.
void declare_pipelines(CLI::App& app, Options& options, Verbs& out) {
  out.check = app.add_subcommand("check", "Find every mistake that shows without running");
  out.check->add_option("file", options.file, "The pipeline file")->required();
  out.add =
      with_server(app.add_subcommand("add", "Register a file: its schedule is active"), options);
  out.add->add_option("file", options.file, "The pipeline file")->required();
  out.add->add_option("--name", options.name, "Instead of the name in the file");
  out.list = with_server(app.add_subcommand("list", "The registered pipelines"), options);
  out.remove = with_server(app.add_subcommand("remove", "Forget a pipeline"), options);
  out.remove->add_option("name", options.name, "Its name")->required();
  out.start = with_server(app.add_subcommand("start", "Start an execution on the server"), options);
  out.start->add_option("name", options.name, "Registered name, or a path there")->required();
  out.start->add_option("-p,--param", options.params, "KEY=VALUE")->allow_extra_args(false);
  out.back_fill = with_server(
      app.add_subcommand("backfill", "One execution for each past time of the schedule"), options);
  out.back_fill->add_option("name", options.name, "Registered name")->required();
  out.back_fill->add_option("--from", options.from, "The first day or time, 2026-01-31")
      ->required();
  out.back_fill->add_option("--to", options.to, "The last one")->required();
  out.back_fill->add_option("-p,--param", options.params, "KEY=VALUE")->allow_extra_args(false);
}

CLI::App* declare_answer(CLI::App& app, Options& options, const char* verb, const char* about) {
  auto* out = with_server(app.add_subcommand(verb, about), options);
  out->add_option("run", options.run, "The execution")->required()->type_name("RUN_ID");
  out->add_option("step", options.step, "The step that asks")->required();
  out->add_option("-m,--comment", options.comment, "Why");
  out->add_option("--data", options.data, "Of `slipway run` without a server: its data folder")
      ->type_name("DIR");
  return out;
}

void declare_executions(CLI::App& app, Options& options, Verbs& out) {
  out.resume = with_server(app.add_subcommand("resume", "Go on with an execution"), options);
  out.resume->add_option("run", options.run, "The execution")->required()->type_name("RUN_ID");
  out.resume->add_option("--from", options.from, "This step and all that come after it run again")
      ->type_name("STEP");
  out.approve = declare_answer(app, options, "approve", "Say yes to a step that asks");
  out.reject = declare_answer(app, options, "reject", "Say no to a step that asks");
}

}  // namespace

int pipeline(const Args& args) {
  CLI::App app;
  app.require_subcommand(1);
  Options options;
  Verbs verbs;
  declare_pipelines(app, options, verbs);
  declare_executions(app, options, verbs);
  if (const auto code = parse(app, "pipeline", args)) return *code;
  if (verbs.approve->parsed() || verbs.reject->parsed()) {
    return answer(options, verbs.approve->parsed());
  }
  if (verbs.check->parsed()) return check(options);
  const auto client = Client::connect(options.server);
  if (!client) return fail(client.error());
  if (verbs.add->parsed()) return add(options, *client);
  if (verbs.list->parsed()) return list(*client);
  if (verbs.remove->parsed()) {
    return show(client->del("/api/v1/pipelines/" + encode(options.name)));
  }
  if (verbs.resume->parsed()) return resume(options, *client);
  if (verbs.back_fill->parsed()) return back_fill(options, *client);
  return start(options, *client);
}

}  // namespace slipway::cli
