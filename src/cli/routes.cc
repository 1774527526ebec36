// SPDX-License-Identifier: Apache-2.0
// `slipway routes`: what the server answers. Builds the route table over a throw-away data folder.
#include "app/routes.h"

#include <cstdlib>
#include <filesystem>

#include "arguments.h"
#include "base/log.h"
#include "base/text.h"
#include "commands.h"
#include "output.h"

namespace slipway::cli {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ec;
    if (!path_.empty()) std::filesystem::remove_all(path_, ec);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string state_of(const net::Route& route) {
  return route.refused.empty() ? "done" : "refused";
}

const std::string& says(const net::Route& route) {
  return route.refused.empty() ? route.summary : route.refused;
}

std::string as_json(const net::Router& router) {
  std::string out = "[";
  for (const auto& route : router.routes()) {
    if (out.size() > 1) out += ",";
    out += "\n  {\"method\":" + json_text(name_of(route.method));
    out += ",\"path\":" + json_text(route.pattern) + ",\"wire\":" + json_text(route.wire);
    out += ",\"action\":" + json_text(route.action);
    out += ",\"state\":" + json_text(state_of(route));
    out += ",\"summary\":" + json_text(says(route)) + "}";
  }
  return out + "\n]";
}

}  // namespace

int routes(const Args& args) {
  CLI::App command;
  std::string json;
  std::string wire;
  command.add_option("--json", json, "write JSON to this file; - is standard output");
  command.add_option("--wire", wire, "only this protocol: api, mlflow, oip, ..");
  if (const auto code = parse(command, "routes", args)) return *code;
  log::configure(log::Level::error, log::Format::automatic);
  const TemporaryFolder folder;
  app::Config config;
  config.data = folder.path();
  auto platform = app::Platform::open(config, app::Mode::local);
  if (!platform) return fail(platform.error());
  net::Router router;
  net::GrpcRouter grpc;
  app::add_routes(router, grpc, **platform);
  if (!json.empty()) {
    const auto written = write_document(json, as_json(router));
    return written ? kDone : fail(written.error());
  }
  std::vector<Row> rows;
  for (const auto& route : router.routes()) {
    if (!wire.empty() && route.wire != wire) continue;
    rows.push_back({std::string(name_of(route.method)), route.pattern, route.wire, state_of(route),
                    says(route)});
  }
  print_table({"METHOD", "PATH", "WIRE", "STATE", "SUMMARY"}, rows);
  return kDone;
}

}  // namespace slipway::cli
