// SPDX-License-Identifier: Apache-2.0
// The I/O threads, and what the connections on them share.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/pool.h"
#include "base/round.h"
#include "net/server.h"

namespace slipway::net {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

// What all connections of a server share.
struct Shared {
  ServerOptions options;
  const Router& router;
  Pool& workers;
  Pool uploads{"net-upload", 32, 1024};  // wait for their clients; must not keep the workers
  Pool downloads{"net-body", 4, 4096};   // make one piece at a time
  Middleware middleware;
  std::optional<asio::ssl::context> tls;
  // gRPC, when it is listened for.
  const GrpcRouter* grpc = nullptr;
  GrpcOptions grpc_options;
  GrpcMiddleware grpc_middleware;
  std::optional<asio::ssl::context> grpc_tls;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopping{false};
};

// As the loop sees a connection; called on its thread.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void check(std::int64_t now_ns) = 0;  // time-outs, and whether the client is there
  virtual void close_if_idle() = 0;
  virtual void close_now() = 0;
  virtual void abandon() {}  // after the end of the thread: nothing will wake it any more
};

// An I/O thread and the connections that live on it.
class Loop : public Round, public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(std::shared_ptr<Shared> shared) : shared(std::move(shared)) {}

  void start();
  // Ends the thread; what is posted afterwards is dropped.
  void stop();
  void post(std::function<void()> task);
  void at_end(Callback<void()> task) override;
  bool is_this_thread() const { return std::this_thread::get_id() == id_; }
  // Whether a connection may be resumed inside the call that answers it: at the end of a round, and
  // not inside of another one that was.
  bool begin_resuming() { return std::exchange(may_resume_, false); }
  void end_resuming() { may_resume_ = true; }
  // Asks idle connections, or all of them, to end.
  void close_sessions(bool all);
  std::string_view date();

  const std::shared_ptr<Shared> shared;
  asio::io_context context{1};
  std::unordered_set<Connection*> sessions;

 private:
  void sweep();
  void end_round();

  asio::executor_work_guard<asio::io_context::executor_type> guard_{context.get_executor()};
  asio::steady_timer sweeper_{context};
  std::thread thread_;
  std::thread::id id_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::int64_t date_second_ = 0;
  std::string date_;
  std::vector<Connection*> looked_at_;
  // What is put off, and what is being done of it.
  std::vector<Callback<void()>> put_off_;
  std::vector<Callback<void()>> ending_;
  bool may_resume_ = false;
};

}  // namespace slipway::net
