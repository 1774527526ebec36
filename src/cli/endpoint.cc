// SPDX-License-Identifier: Apache-2.0
// slipway endpoint create|list|show|update|delete: HTTP clients of /api/v1/endpoints.
#include <cmath>

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

constexpr const char* kPath = "/api/v1/endpoints";

struct Options {
  std::string name;
  std::vector<std::string> routes;
  std::vector<std::string> shadows;
  std::vector<std::string> graphs;
  std::string sample_rate;
  std::string timeout_ms;
  std::string drift_threshold;
  std::string server;
  std::string json;
};

// MODEL@ALIAS[=WEIGHT] or MODEL/VERSION[=WEIGHT]
Result<std::string> route_json(const std::string& text, bool shadow) {
  const auto bad = [&] {
    return invalid("'" + text + "' does not name a version of a model",
                   "write MODEL@ALIAS or MODEL/VERSION, and =WEIGHT behind it if you like: "
                   "flights@champion=95");
  };
  std::string_view rest = text;
  std::optional<double> weight;
  if (const auto equals = rest.rfind('='); equals != std::string_view::npos) {
    weight = parse_double(rest.substr(equals + 1));
    if (!weight || !std::isfinite(*weight)) return bad();
    rest = rest.substr(0, equals);
  }
  const auto at = rest.find_first_of("@/");
  if (at == std::string_view::npos || at == 0 || at + 1 == rest.size()) return bad();
  std::string out = "{\"model\":";
  append_json_string(out, rest.substr(0, at));
  out += rest[at] == '@' ? ",\"alias\":" : ",\"version\":";
  append_json_string(out, rest.substr(at + 1));
  if (weight) out += ",\"weight\":" + number_text(*weight);
  if (shadow) out += ",\"shadow\":true";
  return out + "}";
}

// FILE[=WEIGHT]
Result<std::string> graph_json(const std::string& text) {
  std::string file = text;
  std::string weight;
  if (const auto equals = text.rfind('='); equals != std::string::npos) {
    if (const auto value = parse_double(text.substr(equals + 1)); value && std::isfinite(*value)) {
      file = text.substr(0, equals);
      weight = ",\"weight\":" + number_text(*value);
    }
  }
  SW_TRY(const auto graph, blob::read_file(file, 256 << 10));
  SW_CHECK_OK(serving::parse_graph(graph, file));
  std::string out = "{\"graph\":";
  append_json_string(out, graph);
  return out + weight + "}";
}

Result<std::string> body_of(const Options& options) {
  std::string out = "{\"name\":";
  append_json_string(out, options.name);
  out += ",\"routes\":[";
  bool first = true;
  for (const auto* list : {&options.routes, &options.shadows}) {
    for (const auto& text : *list) {
      SW_TRY(const auto route, route_json(text, list == &options.shadows));
      if (!first) out += ',';
      first = false;
      out += route;
    }
  }
  for (const auto& file : options.graphs) {
    SW_TRY(const auto route, graph_json(file));
    if (!first) out += ',';
    first = false;
    out += route;
  }
  if (first) return invalid("no route is given", "give --route or --graph");
  out += "]";
  const auto number = [&](const char* key, const std::string& text) -> Result<void> {
    if (text.empty()) return {};
    const auto value = parse_double(text);
    if (!value || !std::isfinite(*value)) {
      return invalid("--" + std::string(key) + " is '" + text + "', expected a number");
    }
    out += ",\"" + std::string(key) + "\":" + number_text(*value);
    return {};
  };
  SW_CHECK_OK(number("sample_rate", options.sample_rate));
  SW_CHECK_OK(number("timeout_ms", options.timeout_ms));
  SW_CHECK_OK(number("drift_threshold", options.drift_threshold));
  return out + "}";
}

std::string number_or_dash(const json::value& from, std::string_view key) {
  const auto value = json::number_at(from, key);
  if (!value) return "-";
  return number_text(std::round(*value * 1000) / 1000);
}

std::string route_text(const json::value& route) {
  std::string out = json::text_at(route, "model").value_or("");
  out += "/" + json::text_at(route, "version").value_or("?");
  if (const auto alias = json::text_at(route, "alias")) out += "@" + *alias;
  out += "=" + number_or_dash(route, "weight");
  if (json::bool_at(route, "shadow").value_or(false)) out += " (shadow)";
  const auto state = json::text_at(route, "state").value_or("");
  if (state != "ready") out += " [" + state + "]";
  return out;
}

void print_endpoints(const std::vector<json::value>& endpoints) {
  std::vector<Row> rows;
  for (const auto& endpoint : endpoints) {
    std::string routes;
    if (const auto* list = json::find(endpoint, "routes"); list != nullptr && list->is_array()) {
      for (const auto& route : list->get_array()) {
        routes += (routes.empty() ? "" : ", ") + route_text(route);
      }
    }
    const auto* stats = json::find(endpoint, "stats");
    const json::value none;
    const auto& numbers = stats == nullptr ? none : *stats;
    rows.push_back({json::text_at(endpoint, "name").value_or(""), routes,
                    number_or_dash(numbers, "requests"), number_or_dash(numbers, "errors"),
                    number_or_dash(numbers, "p50_ms"), number_or_dash(numbers, "p99_ms")});
  }
  print_table({"NAME", "ROUTES", "REQUESTS", "ERRORS", "P50 MS", "P99 MS"}, rows);
}

Result<void> show(const std::string& document, const std::string& json) {
  if (!json.empty()) return write_document(json, document + "\n");
  SW_TRY(const auto endpoint, json::parse_value(document));
  print_endpoints({endpoint});
  if (const auto* routes = json::find(endpoint, "routes"); routes != nullptr) {
    for (const auto& route : routes->get_array()) {
      if (const auto error = json::text_at(route, "error")) say("note: " + *error);
    }
  }
  return {};
}

Result<void> list(const Client& client, const std::string& json) {
  SW_TRY(const auto document, client.get(std::string(kPath) + "?page_size=1000"));
  if (!json.empty()) return write_document(json, document + "\n");
  SW_TRY(const auto page, json::parse_value(document));
  std::vector<json::value> endpoints;
  if (const auto* items = json::find(page, "items"); items != nullptr && items->is_array()) {
    endpoints.assign(items->get_array().begin(), items->get_array().end());
  }
  print_endpoints(endpoints);
  return {};
}

Result<void> act(const std::string& verb, const Options& options) {
  SW_TRY(const auto client, Client::connect(options.server));
  const auto path = std::string(kPath) + "/" + encode(options.name);
  if (verb == "list") return list(client, options.json);
  if (verb == "show") {
    SW_TRY(const auto document, client.get(path));
    return show(document, options.json);
  }
  if (verb == "delete") {
    SW_TRY(const auto nothing, client.del(path));
    say("deleted endpoint '" + options.name + "'");
    return {};
  }
  SW_TRY(const auto body, body_of(options));
  SW_TRY(const auto document, verb == "create" ? client.post(kPath, body) : client.put(path, body));
  return show(document, options.json);
}

void add_change_options(CLI::App& verb, Options& options) {
  verb.add_option("--route", options.routes,
                  "MODEL@ALIAS or MODEL/VERSION, =WEIGHT behind it; repeat to split the traffic");
  verb.add_option("--graph", options.graphs, "a graph of models in YAML: FILE, =WEIGHT behind it");
  verb.add_option("--shadow", options.shadows,
                  "a version that gets copies: MODEL/VERSION, =PERCENT behind it");
  verb.add_option("--sample-rate", options.sample_rate, "share of requests that is recorded");
  verb.add_option("--timeout-ms", options.timeout_ms, "after which a request is given up");
  verb.add_option("--drift-threshold", options.drift_threshold,
                  "share of drifted columns that raises an alert");
}

}  // namespace

int endpoint(const Args& args) {
  CLI::App app;
  Options options;
  app.require_subcommand(1);
  struct Verb {
    const char* name;
    const char* summary;
    bool named;
    bool changes;
  };
  constexpr Verb kVerbs[] = {
      {"create", "Create an endpoint; its versions are loaded before it answers", true, true},
      {"list", "List endpoints with live statistics", false, false},
      {"show", "Show one endpoint", true, false},
      {"update", "Replace an endpoint's routes, at once", true, true},
      {"delete", "Delete an endpoint", true, false},
  };
  for (const auto& verb : kVerbs) {
    auto* sub = app.add_subcommand(verb.name, verb.summary);
    if (verb.named) sub->add_option("NAME", options.name, "the endpoint")->required();
    if (verb.changes) add_change_options(*sub, options);
    sub->add_option("--server", options.server, "URL of the server (SLIPWAY_URL)");
    sub->add_option("--json", options.json, "write the JSON to a file, - for standard output");
  }
  if (const auto code = parse(app, "endpoint", args)) return *code;
  const auto done = act(app.get_subcommands().front()->get_name(), options);
  return done ? kDone : fail(done.error());
}

}  // namespace slipway::cli
