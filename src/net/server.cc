// SPDX-License-Identifier: Apache-2.0
#include "net/server.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "h2_session.h"
#include "session.h"

namespace slipway::net {

namespace {

std::string turned_away() {
  const std::string body =
      R"({"status":503,"code":"exhausted","title":"Too many connections","detail":"retry later"})";
  return "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n"
         "retry-after: 1\r\nconnection: close\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// gRPC over TLS is HTTP/2 and nothing else.
int choose_http2(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                 unsigned int length, void*) {
  static constexpr unsigned char kH2[] = {2, 'h', '2'};
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, size, kH2, sizeof kH2, offered, length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

class HttpServer : public Server {
 public:
  HttpServer(const ServerOptions& options, const Router& router, Pool& workers,
             Middleware middleware)
      : shared_(new Shared{.options = options,
                           .router = router,
                           .workers = workers,
                           .middleware = std::move(middleware)}) {}

  ~HttpServer() override { shut_down(0); }

  Result<void> listen();
  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override { return shared_->connections; }
  void shut_down(int grace_ms) override;
  Result<std::uint16_t> listen_grpc(const GrpcOptions& options, const GrpcRouter& router,
                                    GrpcMiddleware middleware) override;

 private:
  // What becomes of an accepted socket, on the thread of its loop.
  using Begin = void (*)(const std::shared_ptr<Loop>&, Tcp::socket);

  Result<void> load_certificate(std::optional<asio::ssl::context>& into);
  Result<std::shared_ptr<Tcp::acceptor>> bind(const std::string& host, std::uint16_t port,
                                              const char* flag);
  static awaitable<void> accept(std::shared_ptr<Shared> shared,
                                std::vector<std::shared_ptr<Loop>> loops,
                                std::shared_ptr<Tcp::acceptor> acceptor, Begin begin);
  bool wait_for_sessions(int ms) const;

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::vector<std::shared_ptr<Tcp::acceptor>> acceptors_;
  std::uint16_t port_ = 0;
  bool down_ = false;
};

Result<void> HttpServer::load_certificate(std::optional<asio::ssl::context>& into) {
  const auto& options = shared_->options;
  if (options.tls_certificate.empty()) return {};
  auto& tls = into.emplace(asio::ssl::context::tls_server);
  error_code ec;
  tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                      asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1,
                  ec);
  tls.use_certificate_chain_file(options.tls_certificate, ec);
  if (ec) {
    return invalid("cannot read the certificate '" + options.tls_certificate + "': " + ec.message(),
                   "give a PEM file with the certificate chain");
  }
  tls.use_private_key_file(options.tls_key, asio::ssl::context::pem, ec);
  if (ec) {
    return invalid("cannot use the private key '" + options.tls_key + "': " + ec.message(),
                   "give the PEM file with the key of that certificate");
  }
  return {};
}

Result<std::shared_ptr<Tcp::acceptor>> HttpServer::bind(const std::string& given,
                                                        std::uint16_t port, const char* flag) {
  error_code ec;
  const std::string host = given == "localhost" ? "127.0.0.1" : given;
  const auto address = asio::ip::make_address(host, ec);
  if (ec) {
    return invalid("'" + given + "' is not an IP address to listen on",
                   "use 127.0.0.1, 0.0.0.0 or ::");
  }
  const Tcp::endpoint endpoint(address, port);
  auto acceptor = std::make_shared<Tcp::acceptor>(loops_[0]->context);
  acceptor->open(endpoint.protocol(), ec);
  if (!ec) acceptor->set_option(Tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor->bind(endpoint, ec);
  if (!ec) acceptor->listen(1024, ec);
  if (ec == asio::error::address_in_use) {
    return unavailable(
        "the port " + std::to_string(port) + " is in use at " + given,
        "stop what listens there, or give another " + std::string(flag) + " (0 takes a free one)");
  }
  if (ec) {
    return unavailable("cannot listen on " + given + ":" + std::to_string(port) + ": " +
                       ec.message());
  }
  acceptors_.push_back(acceptor);
  return acceptor;
}

Result<void> HttpServer::listen() {
  SW_CHECK_OK(load_certificate(shared_->tls));
  const auto& options = shared_->options;
  const std::size_t threads = std::max<std::size_t>(options.io_threads, 1);
  for (std::size_t i = 0; i < threads; ++i) loops_.push_back(std::make_shared<Loop>(shared_));
  SW_TRY(const auto acceptor, bind(options.host, options.port, "--port"));
  error_code ec;
  port_ = acceptor->local_endpoint(ec).port();
  const auto begin = [](const std::shared_ptr<Loop>& loop, Tcp::socket socket) {
    auto session = std::make_shared<Session>(loop, std::move(socket));
    asio::co_spawn(loop->context, Session::run(session), asio::detached);
  };
  asio::co_spawn(loops_[0]->context, accept(shared_, loops_, acceptor, begin), asio::detached);
  for (const auto& loop : loops_) loop->start();
  return {};
}

Result<std::uint16_t> HttpServer::listen_grpc(const GrpcOptions& options, const GrpcRouter& router,
                                              GrpcMiddleware middleware) {
  SW_ASSERT(shared_->grpc == nullptr);
  SW_TRY(const auto acceptor, bind(options.host, options.port, "--grpc-port"));
  SW_CHECK_OK(load_certificate(shared_->grpc_tls));
  if (shared_->grpc_tls) {
    SSL_CTX_set_alpn_select_cb(shared_->grpc_tls->native_handle(), choose_http2, nullptr);
  }
  shared_->grpc_options = options;
  shared_->grpc_middleware = std::move(middleware);
  shared_->grpc = &router;
  error_code ec;
  const auto port = acceptor->local_endpoint(ec).port();
  const auto begin = [](const std::shared_ptr<Loop>& loop, Tcp::socket socket) {
    std::make_shared<H2Session>(loop, std::move(socket))->start();
  };
  asio::co_spawn(loops_[0]->context, accept(shared_, loops_, acceptor, begin), asio::detached);
  return port;
}

awaitable<void> HttpServer::accept(std::shared_ptr<Shared> shared,
                                   std::vector<std::shared_ptr<Loop>> loops,
                                   std::shared_ptr<Tcp::acceptor> acceptor, Begin begin) {
  const std::string full = turned_away();
  asio::steady_timer pause(loops[0]->context);
  for (std::size_t next = 0; acceptor->is_open() && !shared->stopping; ++next) {
    const auto loop = loops[next % loops.size()];
    error_code ec;
    auto accepting =
        acceptor->async_accept(loop->context, asio::redirect_error(asio::use_awaitable, ec));
    Tcp::socket socket = co_await std::move(accepting);
    if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) break;
    if (ec) {  // out of descriptors, most likely: those that end give some back
      log::warn("net.accept_failed", {{"message", ec.message()}});
      pause.expires_after(std::chrono::milliseconds(50));
      auto pausing = pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      co_await std::move(pausing);
      continue;
    }
    socket.non_blocking(true, ec);
    if (shared->connections.fetch_add(1) >= shared->options.connection_limit) {
      shared->connections.fetch_sub(1);
      socket.write_some(asio::buffer(full), ec);
      continue;
    }
    auto start = [loop, begin, held = std::make_shared<Tcp::socket>(std::move(socket))] {
      begin(loop, std::move(*held));
    };
    loop->post(std::move(start));
  }
}

bool HttpServer::wait_for_sessions(int ms) const {
  const auto until = system_clock().monotonic_ns() + ms * 1'000'000LL;
  while (shared_->connections > 0) {
    if (system_clock().monotonic_ns() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

void HttpServer::shut_down(int grace_ms) {
  if (down_ || loops_.empty()) return;
  down_ = true;
  shared_->stopping = true;
  for (const auto& listening : acceptors_) {
    loops_[0]->post([acceptor = listening] {
      error_code ec;
      acceptor->close(ec);
    });
  }
  for (const auto& loop : loops_) {
    loop->post([loop] { loop->close_sessions(false); });
  }
  if (!wait_for_sessions(std::max(grace_ms, 50))) {
    log::warn("net.connections_cut", {{"connections", shared_->connections.load()}});
    for (const auto& loop : loops_) {
      loop->post([loop] { loop->close_sessions(true); });
    }
    wait_for_sessions(5'000);
  }
  for (const auto& loop : loops_) loop->stop();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, const Router& router,
                                              Pool& workers, Middleware middleware) {
  auto server = std::make_unique<HttpServer>(options, router, workers, std::move(middleware));
  SW_CHECK_OK(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace slipway::net
