// SPDX-License-Identifier: Apache-2.0
#include "embedded.h"
#include "serve.h"
#include "wire/web/routes.h"

namespace slipway::wire::web {
namespace {

// Shown when the executable was built without the web page.
constexpr std::string_view kPlainPage = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Slipway</title>
<body>
<h1>Slipway</h1>
<p>The platform is running. Its web page was not built into this executable
(<code>./dev build</code> does that); everything else is here:</p>
<ul><li><a href="/health">/health</a></li><li><a href="/metrics">/metrics</a></li>
<li><a href="/api/v1/openapi.json">/api/v1/openapi.json</a></li></ul></body></html>
)";

std::string_view type_of(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".map", "application/json"},
  };
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

const EmbeddedFile* find(const std::vector<EmbeddedFile>& files, std::string_view path) {
  for (const auto& file : files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

void add_security_fields(net::Headers& headers) {
  headers.add("content-security-policy",
              "default-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
              "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
  headers.add("x-content-type-options", "nosniff");
  headers.add("x-frame-options", "DENY");
  headers.add("referrer-policy", "no-referrer");
}

bool names_a_file(std::string_view path) {
  const auto slash = path.rfind('/');
  const auto last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return last.find('.') != std::string_view::npos || path.starts_with("assets/");
}

}  // namespace

Result<net::Response> serve(const std::vector<EmbeddedFile>& files, const net::Request& request,
                            std::string_view path) {
  static const EmbeddedFile plain{"index.html", "plain", kPlainPage};
  const EmbeddedFile* file = find(files, path);
  if (file == nullptr && names_a_file(path)) {
    return not_found("there is nothing at '" + request.path + "'");
  }
  if (file == nullptr) file = find(files, "index.html");  // a page that the script draws
  if (file == nullptr) file = &plain;
  net::Response out;
  add_security_fields(out.headers);
  // Files in assets/ carry a hash in their names.
  const bool eternal = file->path.starts_with("assets/");
  out.headers.add("cache-control", eternal ? "public, max-age=31536000, immutable" : "no-cache");
  const std::string etag = "\"" + std::string(file->hash) + "\"";
  out.headers.add("etag", etag);
  const auto known = request.headers.get("if-none-match");
  if (known == "*" || known.find(etag) != std::string_view::npos) {
    out.status = 304;
    return out;
  }
  out.headers.add("content-type", std::string(type_of(file->path)));
  out.body = file->bytes;
  return out;
}

void add_web_routes(net::Router& router) {
  // Pages below a first segment that inference protocols use too are named: what is not known
  // there must otherwise stay an error and not become a page.
  for (const std::string pattern : {"/{rest...}", "/endpoints", "/endpoints/{rest...}"}) {
    router.add({.method = net::Method::get,
                .pattern = pattern,
                .wire = "web",
                .action = "web.read",
                .summary = "The web page",
                .handler = [&router](const net::Request& request) {
                  const auto path = std::string_view(request.path).substr(1);
                  auto response = serve(embedded_files(), request, path);
                  return response ? *response : router.render(request, response.error());
                }});
  }
}

}  // namespace slipway::wire::web
