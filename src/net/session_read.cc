// SPDX-License-Identifier: Apache-2.0
// The reading half of a connection: heads, bodies, and bodies that are handled while they come.
#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.h"
#include "session.h"

namespace slipway::net {
namespace {

std::int64_t now_ns() {
  return system_clock().monotonic_ns();
}

}  // namespace

awaitable<bool> Session::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ > 0) {
      buffer_.erase(0, begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    buffer_.resize(kLargeBuffer);
  }
  error_code ec;
  std::size_t got = 0;
  const auto room = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
  if (tls_) {
    auto reading = tls_->async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    got = co_await std::move(reading);
  } else {
    auto reading = socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    got = co_await std::move(reading);
  }
  end_ += got;
  if (got == 0 && ec != asio::error::operation_aborted) peer_gone_ = true;
  co_return got > 0;
}

awaitable<bool> Session::read_head(Turn& turn) {
  if (begin_ == end_ && buffer_.size() > kSmallBuffer) {
    buffer_ = std::string(kSmallBuffer, '\0');
    begin_ = end_ = 0;
  }
  phase_ = begin_ == end_ ? Phase::idle : Phase::head;
  expire_in(phase_ == Phase::idle ? shared_.options.idle_timeout_ms
                                  : shared_.options.header_timeout_ms);
  if (phase_ == Phase::idle) {
    if (shared_.stopping) co_return false;
    auto filling = fill();
    const bool more = co_await std::move(filling);
    if (!more) co_return false;
    phase_ = Phase::head;
    expire_in(shared_.options.header_timeout_ms);
  }
  turn.request = next_request();
  parser_.reset(*turn.request);
  Refusal refusal;
  while (!parser_.head_done()) {
    if (begin_ < end_) {
      const auto taken =
          parser_.put(std::string_view(buffer_).substr(begin_, end_ - begin_), refusal);
      begin_ += taken;
      if (refusal.status == 0 && taken == 0 && end_ - begin_ >= kLargeBuffer) {
        refusal = {431, "the head of the request is too large"};
      }
      if (refusal.status != 0) {
        auto refusing = refuse(turn, refusal.status, invalid(refusal.message));
        co_return co_await std::move(refusing);
      }
      if (taken > 0) continue;
    }
    auto filling = fill();
    const bool more = co_await std::move(filling);
    if (!more) {
      if (timed_out_) {
        auto refusing =
            refuse(turn, 408, {Code::deadline, "the head of the request took too long"});
        co_return co_await std::move(refusing);
      }
      co_return false;
    }
  }
  deadline_ns_ = 0;
  co_return true;
}

void Session::body_progress() {
  // Every byte buys a millisecond on top of the time that a pause may last: a body that trickles
  // in slower than about 1 kB/s is given up.
  const auto patience = shared_.options.body_timeout_ms * 1'000'000LL;
  const auto earned = static_cast<std::int64_t>(std::min<std::uint64_t>(body_bytes_, 1u << 31));
  deadline_ns_ = std::min(now_ns() + patience, body_began_ns_ + patience + earned * 1'000'000LL);
}

bool Session::parse_body(Refusal& refusal) {
  while (begin_ < end_ && !parser_.done()) {
    const auto taken =
        parser_.put(std::string_view(buffer_).substr(begin_, end_ - begin_), refusal);
    begin_ += taken;
    if (refusal.status == 0 && taken == 0 && end_ - begin_ >= kLargeBuffer) {
      refusal = {400, "a chunk header or trailer is too large"};
    }
    if (refusal.status != 0 || taken == 0) break;
  }
  return refusal.status == 0;
}

awaitable<bool> Session::send_continue() {
  if (!parser_.expects_continue() || begin_ < end_) co_return true;
  auto writing = write("HTTP/1.1 100 Continue\r\n\r\n", {});
  co_return co_await std::move(writing);
}

// The whole body into the parser. False when the connection is over.
awaitable<bool> Session::read_body(Turn& turn) {
  const auto limit = turn.route->body_limit;
  phase_ = Phase::body;
  body_began_ns_ = now_ns();
  body_bytes_ = 0;
  auto continuing = send_continue();
  const bool going = co_await std::move(continuing);
  if (!going) co_return false;
  const auto expected = turn.request->content_length.value_or(0);
  parser_.body().reserve(std::min<std::size_t>({expected, limit, 1u << 20}));
  Refusal refusal;
  while (true) {
    if (!parse_body(refusal)) {
      auto refusing = refuse(turn, refusal.status, invalid(refusal.message));
      co_return co_await std::move(refusing);
    }
    if (parser_.body().size() > limit) {
      auto refusing = refuse(turn, 413,
                             exhausted("the body is larger than the " + std::to_string(limit) +
                                       " bytes that are taken here"));
      co_return co_await std::move(refusing);
    }
    if (parser_.done()) break;
    body_bytes_ = parser_.body().size();
    body_progress();
    auto filling = fill();
    const bool more = co_await std::move(filling);
    if (more) continue;
    if (timed_out_) {
      auto refusing = refuse(turn, 408, {Code::deadline, "the body of the request took too long"});
      co_return co_await std::move(refusing);
    }
    co_return false;
  }
  deadline_ns_ = 0;
  co_return true;
}

// Hands the body to the handler while it arrives. False when it did not arrive whole.
awaitable<bool> Session::take_upload(Turn& turn, std::shared_ptr<Inflow> inflow) {
  phase_ = Phase::upload;
  body_began_ns_ = now_ns();
  body_bytes_ = 0;
  auto continuing = send_continue();
  const bool going = co_await std::move(continuing);
  if (!going) inflow->fail({Code::cancelled, "the client went away"});
  Refusal refusal;
  while (going && !parser_.done() && !turn.exchange->answered()) {
    if (inflow->full()) {
      deadline_ns_ = 0;
      const auto paused = now_ns();
      auto waiting = wait();
      co_await std::move(waiting);
      body_began_ns_ += now_ns() - paused;
      continue;
    }
    parse_body(refusal);
    inflow->push(parser_.body());
    body_bytes_ += parser_.body().size();
    parser_.body().clear();
    if (refusal.status != 0) {
      inflow->fail(invalid(refusal.message));
      co_return false;
    }
    if (parser_.done()) break;
    if (inflow->full()) continue;
    body_progress();
    auto filling = fill();
    const bool more = co_await std::move(filling);
    if (more || turn.exchange->answered()) continue;
    inflow->fail(timed_out_ ? Error{Code::deadline, "the body of the request took too long"}
                            : Error{Code::cancelled, "the client went away"});
    if (peer_gone_) turn.exchange->cancel();
    co_return false;
  }
  if (parser_.done()) inflow->finish();
  co_return parser_.done();
}

}  // namespace slipway::net
