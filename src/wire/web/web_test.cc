// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "serve.h"
#include "wire/web/routes.h"

namespace slipway::wire::web {
namespace {

const std::vector<EmbeddedFile> kFiles = {
    {"index.html", "aa", "<html>page</html>"},
    {"assets/app-1f.js", "bb", "run()"},
    {"favicon.svg", "cc", "<svg/>"},
};

net::Response get(const std::string& path, const std::string& etag = "",
                  const std::vector<EmbeddedFile>& files = kFiles) {
  net::Request request;
  request.path = "/" + path;
  if (!etag.empty()) request.headers.add("if-none-match", etag);
  const auto response = serve(files, request, path);
  return response ? *response : net::Response::text(404, response.error().message);
}

TEST(Web, FilesHaveTheirTypeAndHashedOnesAreKeptForEver) {
  const auto script = get("assets/app-1f.js");
  EXPECT_EQ(script.body, "run()");
  EXPECT_EQ(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(script.headers.get("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(get("favicon.svg").headers.get("cache-control"), "no-cache");
}

TEST(Web, PagesThatTheScriptDrawsAreIndexHtml) {
  for (const std::string path : {"", "experiments", "models/flights/versions/3"}) {
    EXPECT_EQ(get(path).body, "<html>page</html>") << path;
    EXPECT_EQ(get(path).headers.get("x-content-type-options"), "nosniff");
  }
}

TEST(Web, AFileThatIsNotThereIsNotAPage) {
  EXPECT_EQ(get("assets/old-2c.js").status, 404);
  EXPECT_EQ(get("robots.txt").status, 404);
}

TEST(Web, PagesOfEndpointsLiveBesideTheirInference) {
  net::Router router;
  router.add({.method = net::Method::post,
              .pattern = "/endpoints/{name}/invocations",
              .handler = [](const net::Request&) { return net::Response::json(200, "[1]"); }});
  add_web_routes(router);

  EXPECT_EQ(router.call({.target = "/endpoints"}).status, 200);
  EXPECT_EQ(router.call({.target = "/endpoints/delays"}).status, 200);
  EXPECT_EQ(
      router.call({.method = net::Method::post, .target = "/endpoints/delays/invocations"}).body,
      "[1]");
}

TEST(Web, AKnownFileIsNotSentAgain) {
  EXPECT_EQ(get("", "\"aa\"").status, 304);
  EXPECT_EQ(get("", "W/\"aa\"").body, "");
  EXPECT_EQ(get("", "\"zz\"").status, 200);
}

TEST(Web, WithoutTheWebPageAPlainOneSaysSo) {
  EXPECT_NE(get("", "", {}).body.find("was not built into this executable"), std::string::npos);
}

}  // namespace
}  // namespace slipway::wire::web
