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
#include "head.h"
#include "session.h"

namespace slipway::net {

void Loop::start() {
  thread_ = std::thread([self = shared_from_this()] {
    pthread_setname_np(pthread_self(), "net-io");
    self->id_ = std::this_thread::get_id();
    self->sweep();
    self->context.run();
  });
}

void Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  guard_.reset();
  context.stop();
  if (thread_.joinable()) thread_.join();
  // What was still queued ends here: it may hold this loop, which holds the queue.
  context.restart();
  context.poll();
}

void Loop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (!stopped_) asio::post(context, std::move(task));
}

void Loop::close_sessions(bool all) {
  for (auto* session : sessions) {
    if (all) {
      session->close_now();
    } else {
      session->close_if_idle();
    }
  }
}

// Looks after every connection's deadline: one timer a thread, none a connection.
void Loop::sweep() {
  const auto& options = shared->options;
  const int least = std::min(
      {options.header_timeout_ms, options.body_timeout_ms, options.idle_timeout_ms, 1'000});
  sweeper_.expires_after(std::chrono::milliseconds(std::max(least / 4, 5)));
  sweeper_.async_wait([this](error_code ec) {
    if (ec) return;
    const auto now = system_clock().monotonic_ns();
    for (auto* session : sessions) session->check(now);
    sweep();
  });
}

std::string_view Loop::date() {
  const auto second = system_clock().now().ms / 1000;
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

namespace {

std::string turned_away() {
  const std::string body =
      R"({"status":503,"code":"exhausted","title":"Too many connections","detail":"retry later"})";
  return "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n"
         "retry-after: 1\r\nconnection: close\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
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

 private:
  Result<void> load_certificate();
  static awaitable<void> accept(std::shared_ptr<Shared> shared,
                                std::vector<std::shared_ptr<Loop>> loops,
                                std::shared_ptr<Tcp::acceptor> acceptor);
  bool wait_for_sessions(int ms) const;

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::shared_ptr<Tcp::acceptor> acceptor_;
  std::uint16_t port_ = 0;
  bool down_ = false;
};

Result<void> HttpServer::load_certificate() {
  const auto& options = shared_->options;
  if (options.tls_certificate.empty()) return {};
  auto& tls = shared_->tls.emplace(asio::ssl::context::tls_server);
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

Result<void> HttpServer::listen() {
  SW_CHECK_OK(load_certificate());
  const auto& options = shared_->options;
  const std::size_t threads = std::max<std::size_t>(options.io_threads, 1);
  for (std::size_t i = 0; i < threads; ++i) loops_.push_back(std::make_shared<Loop>(shared_));
  error_code ec;
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  const auto address = asio::ip::make_address(host, ec);
  if (ec) {
    return invalid("'" + options.host + "' is not an IP address to listen on",
                   "use 127.0.0.1, 0.0.0.0 or ::");
  }
  const Tcp::endpoint endpoint(address, options.port);
  acceptor_ = std::make_shared<Tcp::acceptor>(loops_[0]->context);
  const std::string at = options.host + ":" + std::to_string(options.port);
  acceptor_->open(endpoint.protocol(), ec);
  if (!ec) acceptor_->set_option(Tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_->bind(endpoint, ec);
  if (!ec) acceptor_->listen(1024, ec);
  if (ec == asio::error::address_in_use) {
    return unavailable("the port " + std::to_string(options.port) + " is in use at " + options.host,
                       "stop what listens there, or give another --port (0 takes a free one)");
  }
  if (ec) return unavailable("cannot listen on " + at + ": " + ec.message());
  port_ = acceptor_->local_endpoint(ec).port();
  asio::co_spawn(loops_[0]->context, accept(shared_, loops_, acceptor_), asio::detached);
  for (const auto& loop : loops_) loop->start();
  return {};
}

awaitable<void> HttpServer::accept(std::shared_ptr<Shared> shared,
                                   std::vector<std::shared_ptr<Loop>> loops,
                                   std::shared_ptr<Tcp::acceptor> acceptor) {
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
    auto start = [loop, held = std::make_shared<Tcp::socket>(std::move(socket))] {
      auto session = std::make_shared<Session>(loop, std::move(*held));
      asio::co_spawn(loop->context, Session::run(session), asio::detached);
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
  if (acceptor_) {  // none yet when the address could not be listened on
    loops_[0]->post([acceptor = acceptor_] {
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
