// SPDX-License-Identifier: Apache-2.0
#include "app/edge.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "app/version.h"
#include "base/hash.h"
#include "base/library.h"
#include "base/text.h"
#include "json/value.h"
#include "registry/registry.h"
#include "single.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kScript =
    "#!/bin/sh\n"
    "# Serves the model of this folder; arguments go to slipway up (--host, --port, ..).\n"
    "here=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\n"
    "exec \"$here/slipway\" up --data \"$here/data\" \"$@\"\n";

Result<void> copy_whole(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, failed);
  if (failed) return unavailable("cannot write '" + to.string() + "': " + failed.message());
  return {};
}

Result<void> copy_server(const fs::path& folder) {
  const fs::path home = folder_of_executable();
  std::error_code failed;
  const auto own = fs::read_symlink("/proc/self/exe", failed);
  SW_CHECK_OK(copy_whole(own, folder / "slipway"));
  for (const auto& entry : fs::directory_iterator(home / "lib", failed)) {
    SW_CHECK_OK(copy_whole(entry.path(), folder / "lib" / entry.path().filename()));
  }
  return {};
}

Result<void> write_text(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) return unavailable("cannot write '" + path.string() + "'");
  return {};
}

// SHA256SUMS over everything but itself, and how much that is.
Result<void> write_sums(const fs::path& folder, EdgeReport& report) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::string sums;
  for (const auto& path : files) {
    const auto name = path.lexically_relative(folder).string();
    std::ifstream in(path, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    report.bytes += bytes.size();
    ++report.files;
    // The database goes on changing once it is served.
    if (name.starts_with("data/slipway.db") || name.ends_with(".lock")) continue;
    sums += sha256_hex(bytes) + "  " + name + "\n";
  }
  return write_text(folder / "SHA256SUMS", sums);
}

}  // namespace

Result<EdgeReport> export_edge(Platform& from, const std::string& target,
                               const std::string& where) {
  const fs::path folder = fs::absolute(where).lexically_normal();
  std::error_code failed;
  if (fs::exists(folder, failed)) {
    return already_exists("'" + folder.string() + "' is there already", "name a new folder");
  }
  SW_TRY(const auto version, version_named(from, target));
  SW_TRY(const auto package, from.registry().package(version.ref()));
  fs::create_directories(folder, failed);
  if (failed) return unavailable("cannot make '" + folder.string() + "': " + failed.message());
  EdgeReport out{.model = version.model, .version = std::to_string(version.version)};
  for (const auto& flavor : package.facts.flavors) {
    out.flavors += (out.flavors.empty() ? "" : ", ") + flavor.name;
  }
  auto config = from.config();
  config.data = (folder / "data").string();
  config.python = "/nonexistent";
  const auto made = make_single(package, config);
  if (!made) {
    fs::remove_all(folder, failed);
    auto error = made.error();
    error.message = "the version cannot be served without its Python environment: " + error.message;
    error.hint = "export a graph or trees: mlflow.onnx, mlflow.xgboost, mlflow.lightgbm";
    return error;
  }
  SW_CHECK_OK(copy_server(folder));
  SW_CHECK_OK(write_text(folder / "serve", kScript));
  fs::permissions(folder / "serve",
                  fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                      fs::perms::others_read | fs::perms::others_exec,
                  failed);
  SW_CHECK_OK(
      write_text(folder / "manifest.json",
                 json::dump_value(json::object{{"format", "slipway-edge"},
                                               {"format_version", 1},
                                               {"slipway", app::version()},
                                               {"model", out.model},
                                               {"version", out.version},
                                               {"source", version.source},
                                               {"run_id", version.run_id},
                                               {"flavors", out.flavors},
                                               {"endpoint", *made},
                                               {"exported", to_rfc3339(from.clock().now())}}) +
                     "\n"));
  SW_CHECK_OK(write_sums(folder, out));
  return out;
}

}  // namespace slipway::app
