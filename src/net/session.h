// SPDX-License-Identifier: Apache-2.0
// One connection: a coroutine that reads a request, has it answered, writes the answer, and goes on
// while the connection is kept. Everything of it happens on the thread of its loop, except wake().
// House rule of these files: every operand of co_await is a named local.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_set>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/pool.h"
#include "exchange.h"
#include "net/server.h"
#include "parser.h"

namespace slipway::net {

namespace asio = boost::asio;
using boost::asio::awaitable;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

class Session;

// What all connections of a server share.
struct Shared {
  ServerOptions options;
  const Router& router;
  Pool& workers;
  Pool uploads{"net-upload", 32, 1024};  // wait for their clients; must not keep the workers
  Pool downloads{"net-body", 4, 4096};   // make one piece at a time
  Middleware middleware;
  std::optional<asio::ssl::context> tls;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopping{false};
};

// An I/O thread and the connections that live on it.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(std::shared_ptr<Shared> shared) : shared(std::move(shared)) {}

  void start();
  // Ends the thread; what is posted afterwards is dropped.
  void stop();
  void post(std::function<void()> task);
  bool is_this_thread() const { return std::this_thread::get_id() == id_; }
  // Asks idle connections, or all of them, to end.
  void close_sessions(bool all);
  std::string_view date();

  const std::shared_ptr<Shared> shared;
  asio::io_context context{1};
  std::unordered_set<Session*> sessions;

 private:
  void sweep();

  asio::executor_work_guard<asio::io_context::executor_type> guard_{context.get_executor()};
  asio::steady_timer sweeper_{context};
  std::thread thread_;
  std::thread::id id_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::int64_t date_second_ = 0;
  std::string date_;
};

class Session : public Waker, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Loop> loop, Tcp::socket socket);
  ~Session() override;

  static awaitable<void> run(std::shared_ptr<Session> self);
  void wake() override;

  // Called by the loop on its thread.
  void check(std::int64_t now_ns);  // time-outs, and whether the client is still there
  void close_if_idle();
  void close_now();

 private:
  enum class Phase { idle, head, body, upload, handling, writing, streaming };

  // What a request needs while it is answered.
  struct Turn {
    std::shared_ptr<Request> request = std::make_shared<Request>();
    std::shared_ptr<Exchange> exchange;
    const Route* route = nullptr;
    std::int64_t began_ns = 0;
    bool http_1_0 = false;
    bool keep_alive = true;
    bool head_only = false;
    int status = 0;
  };

  awaitable<bool> handshake();
  awaitable<bool> read_head(Turn& turn);
  awaitable<bool> answer(Turn& turn);
  awaitable<bool> refuse(Turn& turn, int status, Error error);
  awaitable<bool> read_body(Turn& turn);
  awaitable<bool> send_continue();
  awaitable<void> handle(Turn& turn);
  awaitable<bool> take_upload(Turn& turn, std::shared_ptr<Inflow> inflow);
  awaitable<bool> wait_for_answer(Turn& turn);
  awaitable<bool> write_answer(Turn& turn, Response response);
  awaitable<bool> write_produced(Turn& turn, Response& response, bool chunked);
  awaitable<bool> write_stream(Turn& turn, const Response& head);
  awaitable<void> finish(bool clean);

  // False at the end of the stream, on an error or a time-out.
  awaitable<bool> fill();
  awaitable<bool> write(std::string_view first, std::string_view second);
  awaitable<void> wait();
  void notify();
  // Moves bytes from the buffer into the parser.
  bool parse_body(Refusal& refusal);
  std::optional<Error> prepare(Turn& turn, int& status);
  void dispatch(Turn& turn);
  void expire_in(int ms);
  void body_progress();

  const std::shared_ptr<Loop> loop_;
  Shared& shared_;
  Tcp::socket socket_;
  std::optional<asio::ssl::stream<Tcp::socket&>> tls_;
  asio::steady_timer event_;
  RequestParser parser_;
  std::string remote_;

  std::string buffer_;  // [begin_, end_) is unread
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string head_;

  Phase phase_ = Phase::idle;
  std::int64_t deadline_ns_ = 0;  // 0: none
  std::int64_t body_began_ns_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool timed_out_ = false;
  bool peer_gone_ = false;
  bool waiting_ = false;
  std::shared_ptr<Exchange> exchange_;  // the current turn's
};

}  // namespace slipway::net
