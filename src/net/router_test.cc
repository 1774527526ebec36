// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "net/http.h"

namespace slipway::net {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  void add(const std::string& pattern, Method method = Method::get) {
    router_.add(
        {.method = method, .pattern = pattern, .handler = [pattern](const Request& request) {
           std::string out = pattern;
           for (const auto& [key, value] : request.path_params) {
             out += " " + key + "=" + value;
           }
           return Response::text(200, out);
         }});
  }

  std::string get(const std::string& target, Method method = Method::get) {
    const auto response = router_.call({.method = method, .target = target});
    return response.status == 200 ? response.body : std::to_string(response.status);
  }

  Router router_;
};

TEST_F(RouterTest, LiteralSegmentsWinOverParameters) {
  add("/models/{name}");
  add("/models/list");
  add("/models/{name}/versions/{version}");

  EXPECT_EQ(get("/models/list"), "/models/list");
  EXPECT_EQ(get("/models/lists"), "/models/{name} name=lists");
  EXPECT_EQ(get("/models/list/versions/3"),
            "/models/{name}/versions/{version} name=list version=3");
  EXPECT_EQ(get("/models"), "404");
  EXPECT_EQ(get("/models/"), "404");
  EXPECT_EQ(get("/models/a/b"), "404");
}

TEST_F(RouterTest, AParameterMayHaveALiteralEnd) {
  add("/v1/models/{name}");
  add("/v1/models/{name}:predict");

  EXPECT_EQ(get("/v1/models/a:predict"), "/v1/models/{name}:predict name=a");
  EXPECT_EQ(get("/v1/models/a:explain"), "/v1/models/{name} name=a:explain");
}

TEST_F(RouterTest, TheRestTakesSlashesAndNothing) {
  add("/files/{rest...}");
  add("/files/index");

  EXPECT_EQ(get("/files/a/b%2Fc/d"), "/files/{rest...} rest=a/b/c/d");
  EXPECT_EQ(get("/files/"), "/files/{rest...} rest=");
  EXPECT_EQ(get("/files/index"), "/files/index");
  EXPECT_EQ(get("/files/index/x"), "/files/{rest...} rest=index/x");
  EXPECT_EQ(get("/files"), "404");
}

TEST_F(RouterTest, AKnownFirstSegmentDoesNotFallThroughToThePage) {
  add("/{rest...}");
  add("/api/v1/models");

  EXPECT_EQ(get("/"), "/{rest...} rest=");
  EXPECT_EQ(get("/experiments/3"), "/{rest...} rest=experiments/3");
  EXPECT_EQ(get("/api/v1/model"), "404");
  EXPECT_EQ(get("/api"), "404");
}

TEST_F(RouterTest, AnotherMethodIs405AndSaysWhichAreAllowed) {
  add("/a", Method::get);
  add("/a", Method::put);

  const auto response = router_.call({.method = Method::post, .target = "/a"});

  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("allow"), "GET, PUT");
  EXPECT_EQ(get("/a", Method::head), "/a") << "HEAD is a GET without its body";
}

TEST_F(RouterTest, ParametersAndQueriesAreDecoded) {
  router_.add({.pattern = "/q/{name}", .handler = [](const Request& request) {
                 std::string out = request.param("name");
                 for (const auto& [key, value] : request.query) out += "|" + key + "=" + value;
                 return Response::text(200, out);
               }});

  EXPECT_EQ(get("/q/a%20b?x=1%262&x=+y&flag&%E2%82%AC=z#part"), "a b|x=1&2|x= y|flag=|\u20ac=z");
  EXPECT_EQ(get("/q/%zz"), "400");
  EXPECT_EQ(get("/q/a?x=%1"), "400");
  EXPECT_EQ(get("/q/a%00b"), "400");
  EXPECT_EQ(get("q/a"), "400");
}

TEST_F(RouterTest, TheLongestPrefixRendersTheError) {
  const auto says = [](std::string text) {
    return [text](const Request&, const Error& error) {
      return Response::text(418, text + ": " + error.message);
    };
  };
  router_.render_errors("", says("default"));
  router_.render_errors("/api/2.0/mlflow", says("mlflow"));
  const auto body = [&](const std::string& target) {
    return router_.call({.target = target}).body;
  };

  EXPECT_EQ(body("/x"), "default: there is nothing at '/x'");
  EXPECT_EQ(body("/api/2.0/mlflow/x"), "mlflow: there is nothing at '/api/2.0/mlflow/x'");
  EXPECT_EQ(body("/api/2.0/mlflow-artifacts/x").substr(0, 7), "default");
}

TEST_F(RouterTest, AsyncHandlersAndStreamedBodiesWorkInProcess) {
  router_.add({.pattern = "/async", .async = [](const auto& request, const auto& reply) {
                 reply->send(Response::text(200, "for " + request->path));
               }});
  router_.add({.method = Method::put,
               .pattern = "/upload",
               .handler =
                   [](const Request& request) {
                     char buffer[3];
                     std::string out;
                     while (const auto n = *request.source->read(buffer, sizeof buffer)) {
                       out.append(buffer, n).append(",");
                     }
                     return Response::text(200, out);
                   },
               .streams_body = true});

  EXPECT_EQ(get("/async"), "for /async");
  EXPECT_EQ(router_.call({.method = Method::put, .target = "/upload", .body = "abcdefg"}).body,
            "abc,def,g,");
}

TEST(Headers, NamesCompareWithoutCaseAndSetReplacesAll) {
  Headers headers;
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  EXPECT_EQ(headers.get("X-a"), "1");

  headers.set("x-A", "3");
  EXPECT_EQ(headers.all().size(), 1u);
  EXPECT_EQ(headers.get("x-a"), "3");
  EXPECT_FALSE(headers.has("x-b"));
}

}  // namespace
}  // namespace slipway::net
