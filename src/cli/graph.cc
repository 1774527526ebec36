// SPDX-License-Identifier: Apache-2.0
// slipway graph check FILE: here as far as the file goes, then with the models of the server.
#include "arguments.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "client.h"
#include "commands.h"
#include "json/value.h"
#include "output.h"
#include "serving/graph_spec.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMostBytes = 256 << 10;

std::string shape_text(const json::value& tensor) {
  std::string out = json::text_at(tensor, "datatype").value_or("");
  if (const auto* shape = json::find(tensor, "shape"); shape != nullptr) {
    out += " " + json::dump_value(*shape);
  }
  return out;
}

void print_graph(const json::value& graph) {
  std::vector<Row> rows;
  const auto add = [&](const char* key, const char* word) {
    const auto* list = json::find(graph, key);
    if (list == nullptr || !list->is_array()) return;
    for (const auto& item : list->get_array()) {
      std::string what;
      if (const auto* runs = json::find(item, "runs"); runs != nullptr && runs->is_array()) {
        for (const auto& run : runs->get_array()) {
          what += (what.empty() ? "" : ", ") + std::string(run.get_string());
        }
      } else {
        what = shape_text(item);
      }
      rows.push_back({word, json::text_at(item, "name").value_or(""), what});
    }
  };
  add("inputs", "takes");
  add("steps", "step");
  add("outputs", "answers");
  print_table({"", "NAME", "WHAT"}, rows);
}

}  // namespace

int graph(const Args& args) {
  CLI::App app;
  std::string file;
  std::string server;
  std::string json;
  app.require_subcommand(1);
  auto* check = app.add_subcommand(
      "check", "Say what a graph takes, does and answers, or what is wrong with it and where");
  check->add_option("FILE", file, "the graph, in YAML")->required();
  check->add_option("--server", server, "URL of the server that has its models (SLIPWAY_URL)");
  check->add_option("--json", json, "write the JSON to a file, - for standard output");
  if (const auto code = parse(app, "graph", args)) return *code;
  const auto text = blob::read_file(file, kMostBytes);
  if (!text) {
    fail(text.error());
    return kUsage;
  }
  if (const auto spec = serving::parse_graph(*text, file); !spec) return fail(spec.error());
  const auto client = Client::connect(server);
  if (!client) return fail(client.error());
  std::string body = "{\"graph\":";
  append_json_string(body, *text);
  body += ",\"file\":";
  append_json_string(body, file);
  const auto answer = client->post("/api/v1/graphs/check", body + "}");
  if (!answer) return fail(answer.error());
  if (!json.empty()) {
    const auto written = write_document(json, *answer + "\n");
    return written ? kDone : fail(written.error());
  }
  const auto view = json::parse_value(*answer);
  if (!view) return fail(view.error());
  print_graph(*view);
  return kDone;
}

}  // namespace slipway::cli
