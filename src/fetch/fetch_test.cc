// SPDX-License-Identifier: Apache-2.0
#include "fetch/fetch.h"

#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace slipway::fetch {
namespace {

// Answers one connection with fixed bytes and keeps what it was sent.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, int delay_ms = 0) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
    socklen_t size = sizeof at;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this, answer = std::move(answer), delay_ms] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      char buffer[65536];
      const auto n = ::recv(peer, buffer, sizeof buffer, 0);
      if (n > 0) received_.assign(buffer, static_cast<std::size_t>(n));
      std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
      if (::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) received_ += "(gone)";
      ::close(peer);
    });
  }

  ~OneAnswer() {
    join();
    ::close(listener_);
  }

  void join() {
    if (thread_.joinable()) thread_.join();
  }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  const std::string& received() {
    join();
    return received_;
  }

 private:
  int listener_ = -1;
  int port_ = 0;
  std::string received_;
  std::thread thread_;
};

TEST(Fetch, AnyStatusIsAnAnswer) {
  OneAnswer server("HTTP/1.1 404 Not Found\r\nX-Kind: Lost\r\nContent-Length: 4\r\n\r\ngone");

  const auto response = send({.method = "PUT",
                              .url = server.url("/x?y=1"),
                              .headers = {{"content-type", "text/csv"}},
                              .body = "a,b"});

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "gone");
  EXPECT_EQ(response->headers[0], (std::pair<std::string, std::string>("x-kind", "Lost")));
  EXPECT_TRUE(server.received().starts_with("PUT /x?y=1 HTTP/1.1\r\n"));
  EXPECT_NE(server.received().find("content-type: text/csv\r\n"), std::string::npos);
  EXPECT_TRUE(server.received().ends_with("\r\n\r\na,b"));
}

TEST(Fetch, NobodyThereIsUnavailableAndNamesTheUrl) {
  const auto response = send({.url = "http://127.0.0.1:1/health"});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::unavailable);
  EXPECT_NE(response.error().message.find("http://127.0.0.1:1/health"), std::string::npos);
}

TEST(Fetch, ASlowAnswerIsADeadline) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400);

  const auto response = send({.url = server.url("/"), .timeout_ms = 100});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::deadline);
}

TEST(Fetch, AnAnswerOverTheLimitIsRefused) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n123456");

  const auto response = send({.url = server.url("/"), .body_limit = 5});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::exhausted);
}

TEST(Fetch, TheBodyCanBeTakenPieceByPiece) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n123456");
  std::string got;

  const auto response = send({.url = server.url("/"), .on_body = [&](std::string_view piece) {
                                got += piece;
                                return true;
                              }});

  ASSERT_TRUE(response);
  EXPECT_EQ(got, "123456");
  EXPECT_EQ(response->body, "");
}

TEST(Fetch, WhatIsNoUrlOrHeaderIsRefused) {
  EXPECT_EQ(send({.url = "file:///etc/passwd"}).error().code, Code::invalid_argument);
  EXPECT_EQ(send({.url = "http://127.0.0.1:1", .headers = {{"a", "b\r\nc: d"}}}).error().code,
            Code::invalid_argument);
}

}  // namespace
}  // namespace slipway::fetch
