// SPDX-License-Identifier: Apache-2.0
// MLflow's artifact proxy (/api/2.0/mlflow-artifacts), and the artifacts of runs and logged models.
// Bytes are streamed both ways; nothing is held in memory whole.
#include "tracking/artifacts.h"

#include <memory>

#include "artifacts/artifact_file.h"
#include "artifacts/messages_artifact.h"
#include "base/text.h"
#include "endpoint.h"
#include "registry/registry.h"
#include "registry/registry_words.h"
#include "tracking/tracking.h"
#include "uris.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Method;
using net::Request;
using net::Response;
using tracking::Artifacts;
using tracking::Tracking;

constexpr std::size_t kPieceSize = 256 << 10;
constexpr std::size_t kUploadLimit = 10 << 20;  // of the UI's own upload

// What the functions below work on.
struct Files {
  Tracking& tracking;
  registry::Registry& registry;
  Artifacts artifacts;
};
using FilesPtr = std::shared_ptr<Files>;

Result<FileList> list_files(Files& files, const std::string& root, const std::string& path,
                            const std::string& prefix) {
  SW_TRY(const auto found, files.artifacts.list(root, path));
  FileList out;
  for (const auto& stat : found) {
    FileInfo info;
    info.path = prefix.empty() ? stat.key : prefix + "/" + stat.key;
    info.is_dir = stat.folder;
    // The original tells no size of an empty file.
    if (!stat.folder && stat.size > 0) info.file_size = static_cast<std::int64_t>(stat.size);
    out.files.push_back(std::move(info));
  }
  return out;
}

Result<Response> list_proxied(Files& files, const Request& request) {
  SW_TRY(const auto path, checked_path(request.query_value("path").value_or("")));
  return finish(list_files(files, "", path, ""));
}

Result<Response> download(Files& files, const Request& request) {
  SW_TRY(const auto path, checked_path(request.param("path")));
  return send_file(files.artifacts, "", path, request);
}

Result<Response> upload(Files& files, const Request& request) {
  SW_TRY(const auto path, checked_path(request.param("path")));
  if (path.empty()) return invalid("the path names no file");
  SW_TRY(const auto writer, files.artifacts.put("", path));
  std::string piece(kPieceSize, '\0');
  for (;;) {
    SW_TRY(const auto n, request.source->read(piece.data(), piece.size()));
    if (n == 0) break;
    SW_CHECK_OK(writer->write(std::string_view(piece).substr(0, n)));
  }
  SW_TRY(const auto hash, writer->finish());
  (void)hash;
  return answer_with("{}");
}

Result<Response> remove(Files& files, const Request& request) {
  SW_TRY(const auto path, checked_path(request.param("path")));
  if (path.empty()) return invalid("the path names no file");
  SW_CHECK_OK(files.artifacts.remove("", path));
  return answer_with("{}");
}

Result<tracking::Run> run_of(Files& files, const std::string& id) {
  if (id.empty()) return missing("run_id");
  return files.tracking.runs().get(tracking::RunId(id));
}

Result<FileList> list_of_run(Files& files, const ListArtifacts& in) {
  SW_TRY(const auto path, checked_path(in.path));
  SW_TRY(const auto run, run_of(files, in.run_id.empty() ? in.run_uuid : in.run_id));
  SW_TRY(auto out, list_files(files, run.artifact_root, path, path));
  out.root_uri = uri_of_root(run.artifact_root);
  return out;
}

Result<FileList> list_of_model(Files& files, const ListModelArtifacts& in, const Request& request) {
  SW_TRY(const auto path, checked_path(in.artifact_directory_path));
  SW_TRY(const auto model,
         files.tracking.models().get(tracking::LoggedModelId(request.param("model_id"))));
  SW_TRY(auto out, list_files(files, model.artifact_root, path, path));
  out.root_uri = uri_of_root(model.artifact_root);
  return out;
}

Result<Response> file_of_model(Files& files, const Request& request) {
  const auto wanted = request.query_value("artifact_file_path").value_or("");
  if (wanted.empty()) return missing("artifact_file_path");
  SW_TRY(const auto path, checked_path(wanted));
  SW_TRY(const auto model,
         files.tracking.models().get(tracking::LoggedModelId(request.param("model_id"))));
  return send_file(files.artifacts, model.artifact_root, path, request);
}

Result<Response> file_of_run(Files& files, const Request& request) {
  auto id = request.query_value("run_id").value_or("");
  if (id.empty()) id = request.query_value("run_uuid").value_or("");
  const auto wanted = request.query_value("path").value_or("");
  if (wanted.empty()) return missing("path");
  SW_TRY(const auto path, checked_path(wanted));
  SW_TRY(const auto run, run_of(files, id));
  return send_file(files.artifacts, run.artifact_root, path, request);
}

Result<Response> file_of_version(Files& files, const Request& request) {
  const auto name = request.query_value("name").value_or("");
  const auto number = request.query_value("version").value_or("");
  if (name.empty()) return missing("name");
  if (number.empty()) return missing("version");
  const auto wanted = request.query_value("path").value_or("");
  if (wanted.empty()) return missing("path");
  SW_TRY(const auto path, checked_path(wanted));
  SW_TRY(const auto ref, ref_of(name, number));
  SW_TRY(const auto version, files.registry.version(ref));
  if (version.location.empty()) return not_found("the version has no files");
  return send_file(files.artifacts, version.location, path, request);
}

Result<Response> upload_to_run(Files& files, const Request& request) {
  const auto id = request.query_value("run_uuid").value_or("");
  if (id.empty()) return missing("run_uuid");
  const auto wanted = request.query_value("path").value_or("");
  SW_TRY(const auto path, checked_path(wanted));
  if (path.empty()) return missing("path");
  if (request.body.empty()) return invalid("the request has no data");
  if (request.body.size() > kUploadLimit) return invalid("artifact is too large: at most 10 MB");
  SW_TRY(const auto run, run_of(files, id));
  SW_TRY(const auto writer, files.artifacts.put(run.artifact_root, path));
  SW_CHECK_OK(writer->write(request.body));
  SW_TRY(const auto hash, writer->finish());
  (void)hash;
  return answer_with("{}");
}

Result<Response> not_for_this_store(Files&, const Request& request) {
  SW_TRY(const auto path, checked_path(request.param("path")));
  (void)path;
  return Error{Code::unimplemented,
               "multipart and presigned transfers are not supported by this artifact store",
               "upload and download through the proxy"};
}

using Serve = Result<Response> (*)(Files&, const Request&);

void add(net::Router& router, const FilesPtr& files, Method method, std::string pattern,
         Serve serve) {
  net::Route route;
  route.method = method;
  route.pattern = std::move(pattern);
  route.wire = "mlflow";
  route.action = method == Method::get ? "artifact.read" : "artifact.write";
  route.streams_body = method == Method::put;
  route.handler = [files, serve](const Request& request) {
    auto out = serve(*files, request);
    return out ? *std::move(out) : render(out.error());
  };
  router.add(std::move(route));
}

}  // namespace

void add_artifact_routes(net::Router& router, Tracking& tracking, registry::Registry& registry,
                         blob::BlobStore& blobs) {
  const auto files = std::make_shared<Files>(Files{tracking, registry, Artifacts(blobs)});
  for (const std::string root : {"/api/2.0/", "/ajax-api/2.0/"}) {
    const auto proxy = root + "mlflow-artifacts/";
    add(router, files, Method::get, proxy + "artifacts", list_proxied);
    add(router, files, Method::get, proxy + "artifacts/{path...}", download);
    add(router, files, Method::put, proxy + "artifacts/{path...}", upload);
    add(router, files, Method::del, proxy + "artifacts/{path...}", remove);
    for (const auto* verb : {"create", "complete", "abort"}) {
      add(router, files, Method::post, proxy + "mpu/" + verb + "/{path...}", not_for_this_store);
    }
    add(router, files, Method::get, proxy + "presigned/{path...}", not_for_this_store);
    for (const auto* which : {"upload", "download"}) {
      add(router, files, Method::post, root + "mlflow/artifacts/presigned-" + which + "-url",
          not_for_this_store);
    }
  }
  add(router, files, Method::get, "/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files",
      file_of_model);
  add(router, files, Method::post, "/ajax-api/2.0/mlflow/upload-artifact", upload_to_run);
  add(router, files, Method::get, "/get-artifact", file_of_run);
  add(router, files, Method::get, "/model-versions/get-artifact", file_of_version);

  const auto parsed = [&](std::string_view path, const auto& call) {
    add_route(router, Method::get, "2.0", path, "artifact",
              [files, call](const Request& request) { return call(*files, request); });
  };
  parsed("artifacts/list", [](Files& f, const Request& request) -> Result<Response> {
    SW_TRY(const auto in, read<ListArtifacts>(request));
    return finish(list_of_run(f, in));
  });
  parsed("logged-models/{model_id}/artifacts/directories",
         [](Files& f, const Request& request) -> Result<Response> {
           SW_TRY(const auto in, read<ListModelArtifacts>(request));
           return finish(list_of_model(f, in, request));
         });
}

}  // namespace slipway::wire::mlflow
