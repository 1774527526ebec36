// SPDX-License-Identifier: Apache-2.0
// The writing half of a connection: whole answers, produced bodies, streams, and the end.
#include <array>
#include <charconv>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/clock.h"
#include "head.h"
#include "session.h"

namespace slipway::net {
namespace {

constexpr std::size_t kPiece = 256 << 10;  // written under one time-out
constexpr int kLingerMs = 2'000;
constexpr std::size_t kLingerBytes = 4 << 20;

std::string chunk_head(std::size_t size) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), size, 16).ptr;
  return std::string(text.data(), end) + "\r\n";
}

}  // namespace

// `first` and `second` in one call to the kernel while it takes them.
awaitable<bool> Session::write(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    const auto now_first = first.substr(0, kPiece);
    const auto now_second = now_first.size() == first.size()
                                ? second.substr(0, kPiece - now_first.size() / 2)
                                : std::string_view();
    const std::array<asio::const_buffer, 2> pieces = {
        asio::buffer(now_first.data(), now_first.size()),
        asio::buffer(now_second.data(), now_second.size())};
    error_code ec;
    std::size_t done = 0;
    if (!tls_) done = socket_.write_some(pieces, ec);  // does not block: see Session::run
    if (tls_ || ec == asio::error::would_block) {
      ec = {};
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
    }
    if (ec) {
      peer_gone_ = true;
      co_return false;
    }
    const auto of_first = std::min(done, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(done - of_first);
  }
  co_return true;
}

awaitable<bool> Session::write_answer(Turn& turn, Response response) {
  phase_ = Phase::writing;
  if (shared_.stopping) turn.keep_alive = false;
  const bool body = may_have_body(response.status);
  const bool chunked = body && response.producer && !response.length && !turn.http_1_0;
  if (body && response.producer && !response.length && turn.http_1_0) turn.keep_alive = false;
  std::optional<std::uint64_t> length;
  if (body && !response.producer) length = response.body.size();
  if (response.length && (response.producer || turn.head_only)) length = response.length;
  write_head(head_, response,
             {.keep_alive = turn.keep_alive,
              .http_1_0 = turn.http_1_0,
              .chunked = chunked,
              .length = length,
              .date = loop_->date(),
              .request_id = turn.request->request_id,
              .traceparent = turn.request->traceparent});
  turn.status = response.status;
  const bool with_body = body && !turn.head_only;
  auto writing =
      write(head_, with_body && !response.producer ? std::string_view(response.body) : "");
  bool written = co_await std::move(writing);
  if (written && with_body && response.producer) {
    auto producing = write_produced(turn, response, chunked);
    written = co_await std::move(producing);
  }
  if (!written) turn.status = 0;
  co_return written&& turn.keep_alive;
}

awaitable<bool> Session::write_produced(Turn& turn, Response& response, bool chunked) {
  auto outflow = std::make_shared<Outflow>(weak_from_this(), response.producer);
  std::uint64_t left = response.length.value_or(UINT64_MAX);
  while (true) {
    outflow->begin();
    while (!shared_.downloads.post([outflow] { outflow->produce(); })) {
      event_.expires_after(std::chrono::milliseconds(10));
      auto pausing = wait();
      co_await std::move(pausing);
      event_.expires_at(asio::steady_timer::time_point::max());
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
