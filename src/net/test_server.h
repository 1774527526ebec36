// SPDX-License-Identifier: Apache-2.0
// A running server for the tests, with routes that show what arrived.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "net/server.h"
#include "test_peer.h"

namespace slipway::net {

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.header_timeout_ms = 5'000;
    options_.body_timeout_ms = 5'000;
    options_.idle_timeout_ms = 5'000;
    router_.add({.pattern = "/hello", .handler = [](const Request& request) {
                   return Response::text(200, "hello " + request.request_id);
                 }});
    router_.add(
        {.method = Method::post,
         .pattern = "/echo",
         .handler = [](const Request& request) { return Response::text(200, request.body); },
         .body_limit = 1 << 20});
    router_.add({.pattern = "/inline", .async = [](const auto&, const auto& reply) {
                   reply->send(Response::text(200, "inline"));
                 }});
    router_.render_errors("", [](const Request&, const Error& error) {
      return Response::text(error.code == Code::unavailable ? 503 : 400, error.message);
    });
  }

  void start() {
    auto server = Server::start(options_, router_, workers_, middleware_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  std::uint16_t port() {
    if (server_ == nullptr) start();
    return server_->port();
  }

  // Sends the bytes on a connection of their own; the status of the first answer, 0 without one.
  int status_of(std::string_view bytes) {
    Peer peer(port());
    peer.send(bytes);
    return status(peer.answer());
  }

  static int status(const std::string& answer) {
    return answer.size() > 12 ? std::atoi(answer.c_str() + 9) : 0;
  }

  static std::string body(const std::string& answer) {
    const auto end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
  }

  static std::string get(const std::string& path, const std::string& fields = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n";
  }

  static std::string post(const std::string& path, const std::string& body,
                          const std::string& fields = "") {
    return "POST " + path +
           " HTTP/1.1\r\nHost: test\r\ncontent-length: " + std::to_string(body.size()) + "\r\n" +
           fields + "\r\n" + body;
  }

  ServerOptions options_;
  Router router_;
  Middleware middleware_;
  Pool workers_{"test", 4, 64};
  std::unique_ptr<Server> server_;
};

// Waits for what another thread does.
inline bool soon(const std::function<bool()>& what, int ms = 5'000) {
  for (int waited = 0; waited < ms; waited += 2) {
    if (what()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return what();
}

}  // namespace slipway::net
