// SPDX-License-Identifier: Apache-2.0
// One connection: a coroutine that reads a request, has it answered, writes the answer, and goes on
// while the connection is kept. Everything of it happens on the thread of its loop, except wake().
// House rule of these files: every operand of co_await is a named local.
#pragma once

#include <algorithm>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "exchange.h"
#include "loop.h"
#include "parser.h"

namespace slipway::net {

using boost::asio::awaitable;

class Session : public Waker, public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Loop> loop, Tcp::socket socket);
  ~Session() override;

  static awaitable<void> run(std::shared_ptr<Session> self);
  void wake() override;

  void check(std::int64_t now_ns) override;
  void close_if_idle() override;
  void close_now() override;
  void abandon() override;

 private:
  static constexpr std::size_t kSmallBuffer = 8 << 10;
  static constexpr std::size_t kLargeBuffer = 64 << 10;
  static constexpr std::size_t kKept = 16 << 10;  // of a body, by a connection that is idle
  using Resume = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;
  enum class Phase { idle, head, body, upload, handling, writing, streaming };

  // What a request needs while it is answered.
  struct Turn {
    std::shared_ptr<Request> request;
    std::shared_ptr<Exchange> exchange;
    const Route* route = nullptr;
    std::int64_t began_ns = 0;
    bool http_1_0 = false;
    bool keep_alive = true;
    bool head_only = false;
    int status = 0;
    bool whole = false;     // the body is there and goes after the head
    bool produced = false;  // it is made piece by piece
    bool chunked = false;
  };

  struct Unwritten {
    std::string_view first;
    std::string_view second;
    std::size_t size() const { return first.size() + second.size(); }
    bool empty() const { return size() == 0; }
    void drop(std::size_t n) {
      const auto of_first = std::min(n, first.size());
      first.remove_prefix(of_first);
      second.remove_prefix(n - of_first);
    }
  };

  awaitable<bool> handshake();
  awaitable<bool> read_head(Turn& turn);
  awaitable<bool> answer(Turn& turn);
  awaitable<bool> refuse(Turn& turn, int status, Error error);
  awaitable<bool> read_body(Turn& turn);
  awaitable<bool> send_continue();
  awaitable<void> upload(Turn& turn);
  awaitable<bool> take_upload(Turn& turn, std::shared_ptr<Inflow> inflow);
  awaitable<bool> wait_for_answer(Turn& turn);
  awaitable<bool> write_answer(Turn& turn, Response response);
  Unwritten compose(Turn& turn, const Response& response);
  bool push(Unwritten& rest);
  bool write_at_once(Turn& turn, Response& response, Unwritten& rest);
  awaitable<bool> write_rest(Turn& turn, Response response, std::size_t unwritten);
  awaitable<bool> write_produced(Turn& turn, Response& response, bool chunked);
  awaitable<bool> write_stream(Turn& turn, const Response& head);
  awaitable<void> finish(bool clean);

  // False at the end of the stream, on an error or a time-out.
  awaitable<bool> fill();
  awaitable<bool> write(std::string_view first, std::string_view second);
  awaitable<void> wait();
  void notify();
  void notify_later();
  // Moves bytes from the buffer into the parser.
  bool parse_body(Refusal& refusal);
  std::optional<Error> prepare(Turn& turn, int& status);
  void dispatch(Turn& turn);
  void keep(std::shared_ptr<Request> request);
  std::shared_ptr<Request> next_request();
  void expire_in(int ms);
  void body_progress();

  const std::shared_ptr<Loop> loop_;
  Shared& shared_;
  Tcp::socket socket_;
  std::optional<asio::ssl::stream<Tcp::socket&>> tls_;
  std::optional<Resume> resume_;  // of who waits for notify
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
  bool abandoned_ = false;
  std::shared_ptr<Exchange> exchange_;  // the current turn's
  std::shared_ptr<Request> last_request_;
};

}  // namespace slipway::net
