// SPDX-License-Identifier: Apache-2.0
#include "single.h"

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "blob/blob.h"
#include "serving/endpoints.h"
#include "tracking/artifacts.h"
#include "tracking/tracking.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;

// The files of the version as those of a run, which is what versions stem from.
Result<tracking::Run> put_files(Platform& to, const std::string& from) {
  SW_TRY(auto run,
         to.tracking().runs().start(
             {.experiment = tracking::ExperimentId{"0"}, .name = "edge", .user = "system"}));
  tracking::Artifacts artifacts(to.blobs());
  std::error_code failed;
  for (const auto& entry : fs::recursive_directory_iterator(from, failed)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const auto path = "model/" + entry.path().lexically_relative(from).string();
    SW_TRY(const auto writer, artifacts.put(run.artifact_root, path));
    std::string piece(1 << 20, '\0');
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
      SW_CHECK_OK(writer->write({piece.data(), static_cast<std::size_t>(in.gcount())}));
    }
    SW_TRY(const auto sum, writer->finish());
  }
  return run;
}

}  // namespace

Result<registry::Version> version_named(Platform& from, const std::string& target) {
  const auto mark = target.find_first_of("@/");
  const auto model = target.substr(0, mark);
  if (mark != std::string::npos && target[mark] == '/') {
    const auto number = parse_int(target.substr(mark + 1));
    if (!number) return invalid("'" + target + "' does not name a version");
    return from.registry().version({model, *number});
  }
  const auto alias = mark == std::string::npos ? registry::kChampion : target.substr(mark + 1);
  SW_TRY(auto found, from.registry().by_alias(model, alias));
  if (!found) {
    return not_found("model '" + model + "' has no alias '" + alias + "'",
                     "name a version: " + model + "/1");
  }
  return *std::move(found);
}

Result<std::string> make_single(const registry::Package& package, const Config& like) {
  Config config;
  config.data = like.data;
  config.onnxruntime = like.onnxruntime;
  config.onnx_memory = like.onnx_memory;
  config.python = like.python;
  config.uv = like.uv;
  SW_TRY(const auto platform, Platform::open(config, Mode::local));
  SW_TRY(const auto run, put_files(*platform, package.folder));
  const registry::By by{.actor = "system", .reason = "edge export"};
  const Principal who{.name = "system"};
  SW_TRY(const auto model, platform->registry().create(package.ref.model, {}, "", by));
  SW_TRY(const auto version, platform->registry().add({.model = model.name,
                                                       .source = "runs:/" + run.id.str() + "/model",
                                                       .run_id = run.id.str()},
                                                      by));
  SW_TRY(const auto view,
         platform->endpoints().create(
             {.name = model.name,
              .routes = {{.model = model.name, .version = std::to_string(version.version)}}},
             who));
  return view.spec.name;
}

}  // namespace slipway::app
