// SPDX-License-Identifier: Apache-2.0
// What well-behaved clients see.
#include "net/server.h"

#include <future>

#include "compress.h"
#include "test_server.h"

namespace slipway::net {
namespace {

TEST_F(ServerTest, AnswersOnAKeptConnection) {
  Peer peer(port());
  for (int i = 0; i < 3; ++i) {
    peer.send(get("/hello", "x-request-id: r" + std::to_string(i) + "\r\n"));
    const auto answer = peer.answer();
    EXPECT_EQ(status(answer), 200);
    EXPECT_EQ(body(answer), "hello r" + std::to_string(i));
    EXPECT_NE(answer.find("x-request-id: r" + std::to_string(i)), std::string::npos);
  }
}

TEST_F(ServerTest, ARequestKnowsNothingOfTheOneBeforeItOnItsConnection) {
  router_.add({.method = Method::post, .pattern = "/about/{what}", .handler = [](const Request& r) {
                 return Response::text(
                     200, r.param("what") + r.body + std::to_string(r.query.size()) +
                              std::to_string(r.headers.all().size()) +
                              std::string(r.headers.get("x-more")) + r.traceparent + r.principal);
               }});
  middleware_.before = [](Request& request, const Route&) -> Result<void> {
    if (!request.headers.has("x-more")) return {};
    request.principal = "ada";
    request.traceparent = "trace";
    return {};
  };
  Peer peer(port());
  peer.send(
      "POST /about/one?a=b HTTP/1.1\r\nHost: t\r\nX-More: yes\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(body(peer.answer()), "onebody13yestraceada");
  peer.send("POST /about/2 HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(body(peer.answer()), "201anonymous");
}

TEST_F(ServerTest, AnInsaneRequestIdIsReplaced) {
  Peer peer(port());
  peer.send(get("/hello", "x-request-id: a b\r\n"));
  EXPECT_EQ(body(peer.answer()).size(), std::string("hello ").size() + 26);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  Peer peer(port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += i % 2 == 0 ? post("/echo", "n" + std::to_string(i)) : get("/inline");
  }
  peer.send(all);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(body(peer.answer()), i % 2 == 0 ? "n" + std::to_string(i) : "inline");
  }
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  Peer peer(port());
  peer.send("HEAD /inline HTTP/1.1\r\nHost: t\r\n\r\n" + get("/inline", "Connection: close\r\n"));
  const auto both = peer.rest();
  EXPECT_NE(both.find("content-length: 6"), std::string::npos);
  EXPECT_TRUE(body(both).starts_with("HTTP/1.1 200")) << "the next answer follows the head";
}

TEST_F(ServerTest, ChunkedBodiesArePutTogetherAndTrailersIgnored) {
  Peer peer(port());
  peer.send(
      "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;ext=1\r\nabcd\r\n2\r\nef\r\n0\r\nX-Trailer: 1\r\n\r\n" +
      get("/inline"));
  EXPECT_EQ(body(peer.answer()), "abcdef");
  EXPECT_EQ(body(peer.answer()), "inline");
}

TEST_F(ServerTest, Http10ClosesUnlessAskedNotTo) {
  Peer peer(port());
  peer.send("GET /inline HTTP/1.0\r\n\r\n");
  const auto answer = peer.rest();
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
  EXPECT_EQ(body(answer), "inline");
}

TEST_F(ServerTest, ConnectionCloseIsHonoured) {
  Peer peer(port());
  peer.send(get("/inline", "Connection: close\r\n"));
  EXPECT_EQ(body(peer.rest()), "inline");
}

TEST_F(ServerTest, AHalfClosedClientStillGetsItsAnswer) {
  Peer peer(port());
  peer.send(get("/hello", "x-request-id: half\r\n"));
  peer.end_sending();
  EXPECT_EQ(body(peer.rest()), "hello half");
}

TEST_F(ServerTest, AHalfClosedClientIsAnsweredHoweverLongItTakes) {
  options_.idle_timeout_ms = 100;  // the sweep that looks for the end of the stream is quick then
  std::promise<void> release;
  auto released = release.get_future().share();
  router_.add({.pattern = "/slow", .handler = [released](const Request&) {
                 released.wait();
                 return Response::text(200, "slow");
               }});
  Pool one("one", 1, 16);
  auto server = Server::start(options_, router_, one);
  ASSERT_TRUE(server);
  Peer first((*server)->port());
  first.send(get("/slow"));
  Peer second((*server)->port());
  second.send(get("/hello", "x-request-id: queued\r\n"));
  second.end_sending();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  release.set_value();

  EXPECT_EQ(body(first.answer()), "slow");
  EXPECT_EQ(body(second.rest()), "hello queued");
}

TEST_F(ServerTest, ContinueIsSentBeforeTheBodyIsRead) {
  Peer peer(port());
  peer.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("body");
  EXPECT_EQ(body(peer.answer()), "body");
}

TEST_F(ServerTest, ContinueIsNotSentForABodyThatIsRefused) {
  Peer peer(port());
  peer.send(
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(status(peer.answer()), 413);
}

TEST_F(ServerTest, CompressedRequestsAreDecompressed) {
  Peer peer(port());
  const std::string text(5'000, 'x');
  peer.send(post("/echo", gzip(text), "content-encoding: gzip\r\n"));
  EXPECT_EQ(body(peer.answer()), text);
}

TEST_F(ServerTest, LargeTextIsCompressedWhenAccepted) {
  Peer peer(port());
  const std::string text(5'000, 'x');
  peer.send(post("/echo", text, "accept-encoding: br, gzip;q=0.5\r\n"));
  const auto small = peer.answer();
  peer.send(post("/echo", text, "accept-encoding: gzip;q=0\r\n"));
  const auto plain = peer.answer();

  EXPECT_NE(small.find("content-encoding: gzip"), std::string::npos);
  EXPECT_NE(small.find("vary: accept-encoding"), std::string::npos);
  EXPECT_EQ(*decompress(body(small), 1 << 20), text);
  EXPECT_EQ(body(plain), text);
}

TEST_F(ServerTest, AsyncHandlersMayAnswerLaterFromAnyThread) {
  std::promise<std::shared_ptr<Reply>> promise;
  router_.add({.pattern = "/later",
               .async = [&](const auto&, const auto& reply) { promise.set_value(reply); }});
  Peer peer(port());
  peer.send(get("/later"));
  auto reply = promise.get_future().get();
  EXPECT_FALSE(reply->cancelled());
  std::thread([&] { reply->send(Response::text(200, "late")); }).join();
  EXPECT_EQ(body(peer.answer()), "late");
}

TEST_F(ServerTest, AReplyThatIsDroppedAnswers500) {
  router_.add({.pattern = "/drop", .async = [](const auto&, const auto&) {}});
  EXPECT_EQ(status_of(get("/drop")), 500);
}

TEST_F(ServerTest, AHandlerThatThrowsAnswers500AndTheServerLives) {
  router_.add({.pattern = "/throw", .handler = [](const Request&) -> Response {
                 return Response::text(200, std::string().at(1) + std::string());
               }});
  Peer peer(port());
  peer.send(get("/throw"));
  EXPECT_EQ(status(peer.answer()), 400) << "rendered by the router's renderer";
  peer.send(get("/inline"));
  EXPECT_EQ(body(peer.answer()), "inline");
}

TEST_F(ServerTest, AFullPoolAnswers503) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> begun{0};
  router_.add({.pattern = "/slow", .handler = [released, &begun](const Request&) {
                 ++begun;
                 released.wait();
                 return Response::text(200, "");
               }});
  Pool small("small", 1, 1);
  auto server = Server::start(options_, router_, small);
  ASSERT_TRUE(server);
  Peer first((*server)->port());
  first.send(get("/slow"));
  ASSERT_TRUE(soon([&] { return begun == 1; }));
  Peer second((*server)->port());
  second.send(get("/slow"));
  ASSERT_TRUE(soon([&] { return small.queued() == 1; }));
  Peer third((*server)->port());
  third.send(get("/hello"));
  EXPECT_EQ(status(third.answer()), 503);
  release.set_value();
  EXPECT_EQ(status(first.answer()), 200);
}

TEST_F(ServerTest, TheMiddlewareMayRefuseAndIsToldTheOutcome) {
  std::atomic<int> seen{0};
  middleware_.before = [](Request& request, const Route& route) -> Result<void> {
    request.principal = "ada";
    if (route.pattern == "/hello") return Error{Code::permission_denied, "not you"};
    return {};
  };
  middleware_.after = [&](const Request& request, const Route* route, int status, std::int64_t) {
    if (request.principal == "ada" && route != nullptr) seen += status;
  };
  EXPECT_EQ(status_of(get("/hello")), 400);
  EXPECT_EQ(status_of(get("/inline")), 200);
  EXPECT_TRUE(soon([&] { return seen == 600; }));
}

TEST_F(ServerTest, APortInUseIsNamed) {
  options_.port = port();
  const auto second = Server::start(options_, router_, workers_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::unavailable);
  EXPECT_NE(second.error().message.find(std::to_string(options_.port) + " is in use"),
            std::string::npos);
}

TEST_F(ServerTest, FieldsThatTheServerOwnsAndDirtyOnesAreLeftOut) {
  router_.add({.pattern = "/fields", .handler = [](const Request&) {
                 auto response = Response::text(200, "x");
                 response.headers.add("content-length", "999");
                 response.headers.add("x-split", "a\r\nx-evil: 1");
                 response.headers.add("x-good", "yes");
                 return response;
               }});
  Peer peer(port());
  peer.send(get("/fields", "Connection: close\r\n"));
  const auto answer = peer.rest();
  EXPECT_NE(answer.find("content-length: 1\r\n"), std::string::npos);
  EXPECT_NE(answer.find("x-good: yes"), std::string::npos);
  EXPECT_EQ(answer.find("999"), std::string::npos);
  EXPECT_EQ(answer.find("evil"), std::string::npos);
}

TEST_F(ServerTest, ManyConnectionsOnSeveralThreads) {
  options_.io_threads = 2;
  const auto at = port();
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      Peer peer(at);
      for (int i = 0; i < 100; ++i) {
        const auto text = std::to_string(c) + "/" + std::to_string(i);
        peer.send(post("/echo", text));
        good += body(peer.answer()) == text;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace slipway::net
