// SPDX-License-Identifier: Apache-2.0
// What the server does with clients that are broken, slow or up to something.
#include <future>

#include "compress.h"
#include "test_server.h"

namespace slipway::net {
namespace {

class HostileTest : public ServerTest {
 protected:
  // The server must answer `expected`, close, and never take what follows for a second request.
  void refused(const std::string& head, int expected) {
    Peer peer(port());
    peer.send(head + get("/hello", "x-request-id: smuggled\r\n"));
    const auto answer = peer.rest();
    EXPECT_EQ(status(answer), expected) << head;
    EXPECT_EQ(answer.find("smuggled"), std::string::npos) << head;
    EXPECT_NE(answer.find("connection: close"), std::string::npos) << head;
  }
};

TEST_F(HostileTest, UnclearBodyLengthsAreRefused) {
  const std::string start = "POST /echo HTTP/1.1\r\nHost: t\r\n";
  refused(start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400);
  refused(start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", 400);
  refused(start + "Content-Length: 5, 5\r\n\r\nabcde", 400);
  refused(start + "Content-Length: +5\r\n\r\nabcde", 400);
  refused(start + "Content-Length: -5\r\n\r\nabcde", 400);
  refused(start + "Content-Length: 0x5\r\n\r\nabcde", 400);
  refused(start + "Content-Length:\r\n\r\nabcde", 400);
  refused(start + "Content-Length: 99999999999999999999\r\n\r\nabcde", 400);
  refused(start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
  refused(start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400);
  refused(start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
          400);
  refused(start + "Content-Length: 5\r\nX: y\r\nContent-Length: 6\r\n\r\nabcde", 400);
  refused(start + "Content-Length: 5 6\r\n\r\nabcde", 400);
  for (const std::string codings :
       {"identity", "xchunked", "chunked, identity", "chunked,identity", "chunked, chunked",
        "chunked, gzip", "chunked;a=b", "\"chunked\"", "chunked,", "", ", identity"}) {
    refused(start + "Transfer-Encoding: " + codings + "\r\n\r\n0\r\n\r\n", 400);
  }
  refused(start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501);
  refused(start + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501);
  refused("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

TEST_F(HostileTest, MalformedHeadsAreRefused) {
  refused("GET /hello HTTP/1.1\r\n\r\n", 400);                        // no host
  refused("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);  // two
  refused("GET /hello HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n", 400);
  refused("GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length : 0\r\n\r\n", 400);
  refused("GET /hello HTTP/1.1\r\nHost: a\r\nx: a\x01z\r\n\r\n", 400);
  refused("GET /he llo HTTP/1.1\r\nHost: a\r\n\r\n", 505);
  refused("GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505);
  refused("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501);
  refused("\x16\x03\x01\x02\x01\r\n\r\n", 400);  // TLS to a plain port
  refused("GET /hello HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417);
}

TEST_F(HostileTest, FoldedFieldsAreRefused) {
  const std::string start = "POST /echo HTTP/1.1\r\nHost: t\r\n";
  for (const std::string fold : {"\r\n ", "\r\n\t", "\r\n  \t"}) {
    refused(start + "x: a" + fold + "b\r\n\r\n", 400);
    refused(start + "x:" + fold + "b\r\n\r\n", 400);
    refused(start + "x: a" + fold + "\r\n\r\n", 400);
    refused(start + "x:" + fold + "\r\n\r\n", 400);
    refused(start + "Transfer-Encoding:" + fold + "chunked\r\n\r\n0\r\n\r\n", 400);
    refused(start + "Content-Length:" + fold + "5\r\n\r\nabcde", 400);
    refused(start + "x: a" + fold + "Content-Length: 5\r\n\r\nabcde", 400);
    refused("POST /echo HTTP/1.1" + fold + "Host: t\r\n\r\n", 400);
  }
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n0\r\n";
  refused(chunked + "x: a\r\n b\r\n\r\n", 400);  // in a trailer
}

TEST_F(HostileTest, LineEndsThatAreNoneAreRefused) {
  const std::string start = "POST /echo HTTP/1.1\r\nHost: t\r\n";
  refused(start + "x: a\rContent-Length: 5\r\n\r\nabcde", 400);  // a bare CR
  refused(start + "x: a\nContent-Length: 5\r\n\r\nabcde", 400);  // a bare LF
  refused(start + "x\r: a\r\n\r\n", 400);
  refused(start + "x: a\r\r\n\r\n", 400);
  refused(start + "\rx: a\r\n\r\n", 400);
  refused(start + std::string("x: a\0b\r\n\r\n", 11), 400);
  refused(start + std::string("x\0: a\r\n\r\n", 10), 400);
  refused("GET /hello HTTP/1.1\nHost: t\r\n\r\n", 505);
  refused("GET /hel\rlo HTTP/1.1\r\nHost: t\r\n\r\n", 400);
  refused(start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400);
  refused(start + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400);
  refused(start +
              "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n",
          400);
}

TEST_F(HostileTest, HugeHeadsAreRefusedWhileTheyArrive) {
  refused("GET /hello HTTP/1.1\r\nHost: a\r\nx: " + std::string(70'000, 'a') + "\r\n\r\n", 431);
  refused("GET /" + std::string(70'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431);
  std::string many = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 200; ++i) many += "x: 1\r\n";
  refused(many + "\r\n", 431);
}

TEST_F(HostileTest, BrokenChunksAreRefused) {
  const std::string start = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  refused(start + "zz\r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "-1\r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "3\r\nabcdef\r\n0\r\n\r\n", 400);
  refused(start + "FFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "3;" + std::string(200'000, 'x') + "\r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "3;" + std::string(20'000, 'x') + "\r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "3 \r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "3\nabc\r\n0\r\n\r\n", 400);
  refused(start + "3\r\nabc\n0\r\n\r\n", 400);
  refused(start + "3;a\rb\r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "0x3\r\nabc\r\n0\r\n\r\n", 400);
  refused(start + "3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n", 400);
  refused(start + "3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
}

TEST_F(HostileTest, ChunkExtensionsAreReadPastUntilTheyAreMostOfTheBody) {
  const std::string start = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  Peer peer(port());
  peer.send(start + "3;name=value;more=\"a b\"\r\nabc\r\n0;last\r\n\r\n");
  EXPECT_EQ(body(peer.answer()), "abc");
  std::string tiny;
  for (int i = 0; i < 1000; ++i) tiny += "1;" + std::string(40, 'x') + "\r\na\r\n";
  refused(start + tiny + "0\r\n\r\n", 400);
}

TEST_F(HostileTest, ALargeBodyIsRefusedBeforeItIsRead) {
  Peer peer(port());
  peer.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3000000\r\n\r\n");
  EXPECT_EQ(status(peer.answer()), 413);
}

TEST_F(HostileTest, ALargeChunkedBodyIsRefusedAtTheLimit) {
  Peer peer(port());
  peer.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 40 && peer.send(chunk); ++i) {
  }
  EXPECT_EQ(status(peer.answer()), 413);
}

TEST_F(HostileTest, AGzipBombIsRefused) {
  const auto bomb = gzip(std::string(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 1u << 20);
  EXPECT_EQ(status_of(post("/echo", bomb, "content-encoding: gzip\r\n")), 413);
}

TEST_F(HostileTest, DamagedCompressedBodiesAreRefused) {
  auto cut = gzip(std::string(5'000, 'x'));
  cut.resize(cut.size() - 9);
  EXPECT_EQ(status_of(post("/echo", cut, "content-encoding: gzip\r\n")), 400);
  EXPECT_EQ(status_of(post("/echo", "no gzip", "content-encoding: gzip\r\n")), 400);
  EXPECT_EQ(status_of(post("/echo", "x", "content-encoding: br\r\n")), 415);
  EXPECT_EQ(status_of(post("/echo", gzip("a") + "b", "content-encoding: gzip\r\n")), 400);
}

TEST_F(HostileTest, ATruncatedRequestHasNoAnswerAndLeavesNothing) {
  for (const std::string part :
       {"GET /hel", "GET /hello HTTP/1.1\r\nHost: t\r\n",
        "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc"}) {
    Peer peer(port());
    peer.send(part);
    peer.end_sending();
    EXPECT_EQ(peer.rest(), "");
  }
  EXPECT_TRUE(soon([&] { return server_->connections() == 0; }));
}

TEST_F(HostileTest, AHeadThatTricklesInIsCutOff) {
  options_.header_timeout_ms = 200;
  Peer peer(port());
  std::string answer;
  for (int i = 0; i < 100; ++i) {
    if (!peer.send(i == 0 ? "GET /hello HTTP/1.1\r\nHost: t\r\nx: " : "a")) break;
    if (peer.closed_within(20)) break;
  }
  answer = peer.rest();
  EXPECT_TRUE(answer.empty() || status(answer) == 408) << answer;
  EXPECT_TRUE(soon([&] { return server_->connections() == 0; }));
}

TEST_F(HostileTest, ABodyThatStallsIsCutOff) {
  options_.body_timeout_ms = 150;
  Peer peer(port());
  peer.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(status(peer.answer()), 408);
}

TEST_F(HostileTest, ABodyThatTricklesInIsCutOff) {
  options_.body_timeout_ms = 200;
  Peer peer(port());
  peer.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n");
  bool closed = false;
  for (int i = 0; i < 100 && !closed; ++i) closed = !peer.send("a") || peer.closed_within(20);
  EXPECT_TRUE(closed) << "a byte at a time must not hold the connection for ever";
}

TEST_F(HostileTest, AnIdleConnectionIsClosed) {
  options_.idle_timeout_ms = 100;
  Peer peer(port());
  peer.send(get("/inline"));
  EXPECT_EQ(body(peer.answer()), "inline");
  EXPECT_TRUE(peer.closed_within(3'000));
}

TEST_F(HostileTest, AClientThatDoesNotReadIsCutOff) {
  options_.body_timeout_ms = 200;
  router_.add({.pattern = "/large", .handler = [](const Request&) {
                 return Response::text(200, std::string(32 << 20, 'x'), "application/x-bytes");
               }});
  Peer peer(port());
  peer.send(get("/large"));
  EXPECT_TRUE(soon([&] { return server_->connections() == 1; }));
  EXPECT_TRUE(soon([&] { return server_->connections() == 0; }));
}

TEST_F(HostileTest, TooManyConnectionsAreTurnedAway) {
  options_.connection_limit = 2;
  Peer first(port());
  Peer second(port());
  first.send(get("/inline"));
  second.send(get("/inline"));
  EXPECT_EQ(status(first.answer()), 200);
  EXPECT_EQ(status(second.answer()), 200);
  Peer third(port());
  const auto answer = third.answer();
  EXPECT_EQ(status(answer), 503);
  EXPECT_TRUE(answer.ends_with("}")) << answer;
  EXPECT_EQ(third.rest(), "") << "the length is that of the body";
}

TEST_F(HostileTest, AClientThatGoesAwayCancelsItsRequest) {
  options_.idle_timeout_ms = 400;  // the sweep is a quarter of it
  std::promise<std::shared_ptr<Reply>> promise;
  router_.add({.pattern = "/later",
               .async = [&](const auto&, const auto& reply) { promise.set_value(reply); }});
  std::shared_ptr<Reply> reply;
  {
    Peer peer(port());
    peer.send(get("/later"));
    reply = promise.get_future().get();
    EXPECT_FALSE(reply->cancelled());
  }
  EXPECT_TRUE(soon([&] { return reply->cancelled(); }));
  reply->send(Response::text(200, "nobody reads this"));
  EXPECT_TRUE(soon([&] { return server_->connections() == 0; }));
}

TEST_F(HostileTest, RandomBytesNeverStopTheServer) {
  std::uint64_t state = 42;
  const auto next = [&] { return state = state * 6364136223846793005u + 1442695040888963407u; };
  const std::string seed = post("/echo", "hello", "x: y\r\n");
  for (int i = 0; i < 300; ++i) {
    std::string bytes = seed;
    for (int flips = 0; flips < 4; ++flips) {
      bytes[(next() >> 33) % bytes.size()] = static_cast<char>(next() >> 40);
    }
    Peer peer(port());
    peer.send(bytes);
    peer.end_sending();
    peer.rest();
  }
  EXPECT_EQ(status_of(get("/inline")), 200);
}

}  // namespace
}  // namespace slipway::net
