// SPDX-License-Identifier: Apache-2.0
// The writing half of a connection: whole answers, produced bodies, streams, and the end.
#include <algorithm>
#include <array>
#include <charconv>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/clock.h"
#include "base/recycle.h"
#include "head.h"
#include "session.h"

namespace slipway::net {
namespace {

constexpr std::size_t kPiece = 256 << 10;   // written under one time-out
constexpr std::size_t kAtOnce = 512 << 10;  // then other connections get their turn
constexpr int kLingerMs = 2'000;
constexpr std::size_t kLingerBytes = 4 << 20;

std::string chunk_head(std::size_t size) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), size, 16).ptr;
  return std::string(text.data(), end) + "\r\n";
}

}  // namespace

// What the socket takes at once, of a large answer a part. False: the connection is gone.
bool Session::push(Unwritten& rest) {
  const auto before = rest.size();
  while (!rest.empty() && before - rest.size() < kAtOnce) {
    const auto first = rest.first.substr(0, kPiece);
    const auto second = first.size() == rest.first.size()
                            ? rest.second.substr(0, kPiece - first.size() / 2)
                            : std::string_view();
    const std::array<asio::const_buffer, 2> pieces = {asio::buffer(first.data(), first.size()),
                                                      asio::buffer(second.data(), second.size())};
    error_code ec;
    const auto done = socket_.write_some(pieces, ec);  // does not block: see HttpServer::accept
    if (ec == asio::error::would_block) return true;
    if (ec) {
      peer_gone_ = true;
      return false;
    }
    rest.drop(done);
  }
  return true;
}

awaitable<bool> Session::write(std::string_view first, std::string_view second) {
  Unwritten rest{first, second};
  while (!rest.empty()) {
    if (!tls_ && (!push(rest) || rest.empty())) break;
    const auto now_first = rest.first.substr(0, kPiece);
    const auto now_second = now_first.size() == rest.first.size()
                                ? rest.second.substr(0, kPiece - now_first.size() / 2)
                                : std::string_view();
    const std::array<asio::const_buffer, 2> pieces = {
        asio::buffer(now_first.data(), now_first.size()),
        asio::buffer(now_second.data(), now_second.size())};
    error_code ec;
    std::size_t done = 0;
    expire_in(shared_.options.body_timeout_ms);
    if (tls_) {
      auto writing =
          asio::async_write(*tls_, pieces, asio::redirect_error(asio::use_awaitable, ec));
      done = co_await std::move(writing);
    } else {
      auto writing =
          asio::async_write(socket_, pieces, asio::redirect_error(asio::use_awaitable, ec));
      done = co_await std::move(writing);
    }
    deadline_ns_ = 0;
    if (ec) {
      peer_gone_ = true;
      break;
    }
    rest.drop(done);
  }
  co_return rest.empty();
}

// The head, and the body where there is one already.
Session::Unwritten Session::compose(Turn& turn, const Response& response) {
  phase_ = Phase::writing;
  if (shared_.stopping) turn.keep_alive = false;
  const bool body = may_have_body(response.status);
  const bool produced = body && response.producer != nullptr;
  turn.chunked = produced && !response.length && !turn.http_1_0;
  if (produced && !response.length && turn.http_1_0) turn.keep_alive = false;
  std::optional<std::uint64_t> length;
  if (body && !response.producer) length = response.body.size();
  if (response.length && (response.producer || turn.head_only)) length = response.length;
  write_head(head_, response,
             {.keep_alive = turn.keep_alive,
              .http_1_0 = turn.http_1_0,
              .chunked = turn.chunked,
              .length = length,
              .date = loop_->date(),
              .request_id = turn.request->request_id,
              .traceparent = turn.request->traceparent});
  turn.status = response.status;
  turn.produced = produced && !turn.head_only;
  turn.whole = body && !turn.head_only && !response.producer;
  return {head_, turn.whole ? std::string_view(response.body) : ""};
}

// The usual case, without a coroutine: the socket takes the answer at once. False: nothing or not
// all was written, and `rest` is what is left.
bool Session::write_at_once(Turn& turn, Response& response, Unwritten& rest) {
  rest = compose(turn, response);
  if (tls_ || turn.produced || !push(rest) || !rest.empty()) return false;
  give_text(std::move(response.body));
  Headers::give(std::move(response.headers));
  return true;
}

awaitable<bool> Session::write_rest(Turn& turn, Response response, std::size_t unwritten) {
  // The body has moved: what is left of it is its end.
  const auto in_body = turn.whole ? std::min(unwritten, response.body.size()) : 0;
  const auto in_head = unwritten - in_body;
  auto writing = write(std::string_view(head_).substr(head_.size() - in_head),
                       std::string_view(response.body).substr(response.body.size() - in_body));
  bool written = co_await std::move(writing);
  if (written && turn.produced) {
    auto producing = write_produced(turn, response, turn.chunked);
    written = co_await std::move(producing);
  }
  if (!written) turn.status = 0;
  co_return written&& turn.keep_alive;
}

awaitable<bool> Session::write_answer(Turn& turn, Response response) {
  Unwritten rest;
  if (write_at_once(turn, response, rest)) co_return turn.keep_alive;
  auto writing = write_rest(turn, std::move(response), rest.size());
  co_return co_await std::move(writing);
}

awaitable<bool> Session::write_produced(Turn& turn, Response& response, bool chunked) {
  auto outflow = std::make_shared<Outflow>(weak_from_this(), response.producer);
  std::uint64_t left = response.length.value_or(UINT64_MAX);
  while (true) {
    outflow->begin();
    while (!shared_.downloads.post([outflow] { outflow->produce(); })) {
      error_code ec;
      asio::steady_timer pause(loop_->context, std::chrono::milliseconds(10));
      auto pausing = pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      co_await std::move(pausing);
    }
    while (!outflow->ready()) {
      auto waiting = wait();
      co_await std::move(waiting);
    }
    auto piece = outflow->piece();
    if (!piece || !socket_.is_open()) {
      turn.keep_alive = false;
      co_return false;
    }
    const bool last = piece->size() < Outflow::kPiece;
    if (piece->size() > left) piece = piece->substr(0, left);
    left -= piece->size();
    std::string before;
    std::string after;
    if (chunked && !piece->empty()) {
      before = chunk_head(piece->size());
      after = "\r\n";
    }
    if (chunked && last) after += "0\r\n\r\n";
    auto writing = write(before, *piece);
    bool written = co_await std::move(writing);
    if (written && !after.empty()) {
      auto ending = write(after, {});
      written = co_await std::move(ending);
    }
    if (!written) co_return false;
    if (last || left == 0) break;
  }
  // Less than was announced: only closing the connection tells the client.
  co_return !response.length || left == 0;
}

awaitable<bool> Session::write_stream(Turn& turn, const Response& head) {
  const auto stream = turn.exchange->stream();
  const bool chunked = !turn.http_1_0;
  turn.keep_alive = turn.keep_alive && chunked;
  write_head(head_, head,
             {.keep_alive = turn.keep_alive,
              .http_1_0 = turn.http_1_0,
              .chunked = chunked,
              .length = {},
              .date = loop_->date(),
              .request_id = turn.request->request_id,
              .traceparent = turn.request->traceparent});
  turn.status = head.status;
  auto beginning = write(head_, {});
  bool open = co_await std::move(beginning);
  if (turn.head_only) {
    stream->client_gone();
    co_return open&& turn.keep_alive;
  }
  while (open) {
    phase_ = Phase::streaming;
    while (!stream->ready() && !shared_.stopping && !peer_gone_ && socket_.is_open()) {
      auto waiting = wait();
      co_await std::move(waiting);
    }
    auto piece = stream->take();
    if (piece.empty()) break;
    const auto before = chunked ? chunk_head(piece.size()) : std::string();
    if (chunked) piece += "\r\n";
    phase_ = Phase::writing;
    auto writing = write(before, piece);
    open = co_await std::move(writing);
  }
  stream->client_gone();
  if (open && chunked && !peer_gone_) {
    auto ending = write("0\r\n\r\n", {});
    open = co_await std::move(ending);
  }
  co_return open&& turn.keep_alive && !peer_gone_;
}

// Closes so that what was written arrives: a client that still sends is read for a moment.
awaitable<void> Session::finish(bool clean) {
  error_code ec;
  phase_ = Phase::writing;
  timed_out_ = false;
  if (clean && socket_.is_open()) {
    expire_in(kLingerMs);
    if (tls_) {
      auto closing = tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
      co_await std::move(closing);
    } else {
      socket_.shutdown(Tcp::socket::shutdown_send, ec);
      std::size_t read = 0;
      while (!ec && !timed_out_ && read < kLingerBytes && !shared_.stopping) {
        begin_ = end_ = 0;
        auto filling = fill();
        const bool more = co_await std::move(filling);
        if (!more) break;
        read += end_;
      }
    }
  }
  deadline_ns_ = 0;
  socket_.close(ec);
}

}  // namespace slipway::net
