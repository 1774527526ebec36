// SPDX-License-Identifier: Apache-2.0
// `slipway doctor`: what this machine lacks, what for, and how to get it.
#include <filesystem>

#include <dlfcn.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/config.h"
#include "app/version.h"
#include "arguments.h"
#include "base/library.h"
#include "base/text.h"
#include "client.h"
#include "commands.h"
#include "output.h"
#include "process/process.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

struct Finding {
  enum class State { ok, missing, optional } state = State::ok;
  std::string what;
  std::string detail;
  std::string fix;  // when it is not ok
};

std::string_view name_of(Finding::State state) {
  switch (state) {
    case Finding::State::ok:
      return "ok";
    case Finding::State::missing:
      return "missing";
    case Finding::State::optional:
      return "optional";
  }
  return "ok";
}

Finding library(const std::string& what, const std::vector<std::string>& paths, bool required,
                const std::string& purpose, const std::string& fix) {
  for (const auto& path : paths) {
    if (path.empty()) continue;
    void* handle = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) continue;
    ::dlclose(handle);
    return {Finding::State::ok, what, path, ""};
  }
  return {required ? Finding::State::missing : Finding::State::optional, what,
          "not found; " + purpose, fix};
}

// The first line that a program prints, or nothing when it cannot be run.
std::optional<std::string> first_line(const std::vector<std::string>& argv) {
  std::string output;
  process::Command command;
  command.argv = argv;
  command.output = [&](std::string_view text) { output += text; };
  auto child = process::Child::start(command);
  if (!child) return std::nullopt;
  const auto exit = (*child)->wait(10'000);
  if (!exit || exit->code != 0) return std::nullopt;
  return output.substr(0, output.find('\n'));
}

Finding program(const std::string& what, const std::vector<std::string>& argv,
                const std::string& purpose, const std::string& fix) {
  const auto line = first_line(argv);
  if (line) return {Finding::State::ok, what, *line, ""};
  return {Finding::State::optional, what, "not found; " + purpose, fix};
}

Finding data_folder(const std::string& path) {
  const std::string what = "data folder";
  std::error_code ec;
  fs::path at = fs::absolute(path, ec);
  while (!at.empty() && !fs::exists(at, ec) && at != at.parent_path()) at = at.parent_path();
  if (::access(at.c_str(), W_OK) != 0) {
    return {Finding::State::missing, what, "'" + at.string() + "' cannot be written",
            "give another one with --data or SLIPWAY_DATA"};
  }
  struct statvfs disk {};
  if (::statvfs(at.c_str(), &disk) != 0) return {Finding::State::ok, what, path, ""};
  const auto free_mib = disk.f_bavail * disk.f_frsize >> 20;
  const auto detail = path + ", " + std::to_string(free_mib) + " MiB free";
  if (free_mib < 500) {
    return {Finding::State::missing, what, detail, "make room, or give another one with --data"};
  }
  return {Finding::State::ok, what, detail, ""};
}

Finding server() {
  const auto client = Client::connect("");
  if (!client)
    return {Finding::State::missing, "server", client.error().message, "set SLIPWAY_URL"};
  const auto about = client->send("GET", "/version", "", "", 2'000);
  if (about) return {Finding::State::ok, "server", client->url() + " answers " + *about, ""};
  return {Finding::State::optional, "server", "none at " + client->url(), "slipway up"};
}

std::vector<Finding> examine(const app::Config& config) {
  const auto own = folder_of_executable();
  std::vector<Finding> out;
  out.push_back({Finding::State::ok, "slipway", app::version(), ""});
  out.push_back(data_folder(config.data));
  out.push_back(
      library("ONNX Runtime",
              {config.onnxruntime, own + "/lib/libonnxruntime.so.1", own + "/libonnxruntime.so.1",
               own + "/../lib/slipway/libonnxruntime.so.1", "libonnxruntime.so.1"},
              true, "models cannot be served without it",
              "keep lib/ beside the executable (./dev build puts it there), or pip "
              "install onnxruntime and set SLIPWAY_ONNXRUNTIME to its libonnxruntime.so"));
  out.push_back(library("DuckDB",
                        {config.duckdb, own + "/lib/libduckdb.so", own + "/libduckdb.so",
                         own + "/../lib/slipway/libduckdb.so", "libduckdb.so"},
                        false, "commands that read Parquet, CSV and JSON lines need it",
                        "keep lib/ beside the executable (./dev build puts it there), or set "
                        "SLIPWAY_DUCKDB to a libduckdb.so"));
  out.push_back(library("libcurl", {"libcurl.so.4", "libcurl-gnutls.so.4"}, true,
                        "commands that talk to a server and webhooks need it",
                        "apt-get install libcurl4"));
  out.push_back(library("libpq", {"libpq.so.5"}, false, "only a PostgreSQL --store needs it",
                        "apt-get install libpq5"));
  out.push_back(program("Python", {"python3", "--version"}, "steps that are .py files need it",
                        "apt-get install python3"));
  out.push_back(
      program("mlflow client",
              {"python3", "-c", "import importlib.metadata as m; print(m.version('mlflow'))"},
              "training code that reports to the platform uses it", "pip install mlflow"));
  out.push_back(program("git", {"git", "--version"}, "commits in lineage and `slipway data` use it",
                        "apt-get install git"));
  out.push_back(server());
  return out;
}

std::string as_json(const std::vector<Finding>& findings) {
  std::string out = "[";
  for (const auto& finding : findings) {
    out += out.size() > 1 ? ",\n  {\"what\":" : "\n  {\"what\":";
    append_json_string(out, finding.what);
    out += ",\"state\":\"" + std::string(name_of(finding.state)) + "\",\"detail\":";
    append_json_string(out, finding.detail);
    out += ",\"fix\":";
    append_json_string(out, finding.fix);
    out += "}";
  }
  return out + "\n]";
}

}  // namespace

int doctor(const Args& args) {
  CLI::App command;
  std::string json;
  std::string data;
  command.add_option("--json", json, "write JSON to this file; - is standard output");
  command.add_option("--data", data, "the data folder to look at");
  if (const auto code = parse(command, "doctor", args)) return *code;
  std::map<std::string, std::string> flags;
  if (!data.empty()) flags["data"] = data;
  const auto effective = app::load_config(flags);
  if (!effective) return fail(effective.error());
  const auto findings = examine(effective->config);
  bool healthy = true;
  std::vector<Row> rows;
  for (const auto& finding : findings) {
    healthy = healthy && finding.state != Finding::State::missing;
    rows.push_back({std::string(name_of(finding.state)), finding.what, finding.detail});
    if (!finding.fix.empty()) rows.push_back({"", "", "-> " + finding.fix});
  }
  if (!json.empty()) {
    if (const auto written = write_document(json, as_json(findings)); !written) {
      return fail(written.error());
    }
  } else {
    print_table({"STATE", "WHAT", "DETAIL"}, rows);
  }
  return healthy ? kDone : kFailed;
}

}  // namespace slipway::cli
