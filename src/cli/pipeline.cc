// SPDX-License-Identifier: Apache-2.0
// `slipway pipeline`: checks files here, and manages what a server runs.
#include "pipeline/pipeline.h"

#include <filesystem>

#include "arguments.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "client.h"
#include "commands.h"
#include "json/value.h"
#include "output.h"

namespace slipway::cli {
namespace {

struct Options {
  std::string file;
  std::string name;
  std::string server;
  std::vector<std::string> params;
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

int start(const Options& options, const Client& client) {
  std::string body = "{\"pipeline\":";
  append_json_string(body, options.name);
  body += ",\"params\":{";
  for (std::size_t i = 0; i < options.params.size(); ++i) {
    const auto& word = options.params[i];
    const auto equals = word.find('=');
    if (equals == word.npos || equals == 0) return fail(invalid("'" + word + "' is not KEY=VALUE"));
    if (i > 0) body += ',';
    append_json_string(body, word.substr(0, equals));
    body += ':';
    append_json_string(body, word.substr(equals + 1));
  }
  return show(client.post("/api/v1/executions", body + "}}"));
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

}  // namespace

int pipeline(const Args& args) {
  CLI::App app;
  app.require_subcommand(1);
  Options options;
  const auto with_server = [&](CLI::App* verb) {
    verb->add_option("--server", options.server, "The server (SLIPWAY_URL)")->type_name("URL");
    return verb;
  };
  auto* check_verb = app.add_subcommand("check", "Find every mistake that shows without running");
  check_verb->add_option("file", options.file, "The pipeline file")->required();
  auto* add_verb =
      with_server(app.add_subcommand("add", "Register a file: its schedule is active"));
  add_verb->add_option("file", options.file, "The pipeline file")->required();
  add_verb->add_option("--name", options.name, "Instead of the name in the file");
  auto* list_verb = with_server(app.add_subcommand("list", "The registered pipelines"));
  auto* remove_verb = with_server(app.add_subcommand("remove", "Forget a pipeline"));
  remove_verb->add_option("name", options.name, "Its name")->required();
  auto* start_verb = with_server(app.add_subcommand("start", "Start an execution on the server"));
  start_verb->add_option("name", options.name, "Registered name, or a path there")->required();
  start_verb->add_option("-p,--param", options.params, "KEY=VALUE")->allow_extra_args(false);
  if (const auto code = parse(app, "pipeline", args)) return *code;
  if (check_verb->parsed()) return check(options);
  const auto client = Client::connect(options.server);
  if (!client) return fail(client.error());
  if (add_verb->parsed()) return add(options, *client);
  if (list_verb->parsed()) return list(*client);
  if (remove_verb->parsed()) return show(client->del("/api/v1/pipelines/" + encode(options.name)));
  (void)start_verb;
  return start(options, *client);
}

}  // namespace slipway::cli
